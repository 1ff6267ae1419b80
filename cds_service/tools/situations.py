"""Shipped situations in the forms that harnesses take: described, asked over HTTP, recorded with their cards."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec

from cds_service.call.problems import CallProblem
from cds_service.edition import Edition
from cds_service.fixtures import Situation
from cds_service.tools.asking import answer_body
from cds_service.web.outcomes import of_problem

Json = dict[str, Any]


def described(situation: Situation) -> Json:
    """What a harness chooses by. ``topics``: the cards expected, in their order; ``status``: of HTTP."""
    story = situation.story
    return {
        "name": situation.name,
        "title": story.title,
        "service": story.service,
        "hook": _hook(situation),
        "dialect": story.dialect,
        "language": story.language,
        "status": story.status,
        "topics": story.topics,
    }


def _hook(situation: Situation) -> str | None:
    """None: the request is broken on purpose, and names none."""
    try:
        hook = json.loads(situation.request).get("hook")
    except (ValueError, AttributeError):
        return None
    return hook if isinstance(hook, str) else None


def http_file(situation: Situation, base_url: str, now: datetime) -> str:
    """The request as a file of the kind that editors send, what to expect in its comments."""
    story = situation.story
    expected = ", ".join(story.topics) or "no card"
    lines = [
        f"### {story.title}",
        f"# {' '.join(story.expect.split())}",
        f"# Expected: HTTP {story.status}, {expected}.",
        f"# Dates as of {now.date().isoformat()}: write it anew (cds-service export http) when they have grown old.",
        f"POST {base_url.rstrip('/')}/cds-services/{story.service}",
        "Content-Type: application/json",
        f"Accept-Language: {story.language}",
        "",
        situation.request_at(now).decode().strip(),
    ]
    return "\n".join(lines) + "\n"


def recorded(edition: Edition, situation: Situation, *, with_request: bool = False) -> str:
    """One line of NDJSON: the situation, and the cards or the OperationOutcome it gets at its own time."""
    line = described(situation) | {"at": situation.story.at}
    del line["topics"], line["status"], line["title"]
    if with_request:
        line["request"] = json.loads(situation.request)
    return json.dumps(line | _answer(edition, situation), ensure_ascii=False)


def _answer(edition: Edition, situation: Situation) -> Json:
    story = situation.story
    try:
        answered = answer_body(edition, story.service, situation.request, situation.at, story.language)
    except CallProblem as problem:
        status, outcome = of_problem(problem)
        return {"status": status, "outcome": outcome}
    return {"status": 200, "cards": json.loads(msgspec.json.encode(answered.response))["cards"]}
