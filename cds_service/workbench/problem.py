"""What is wrong with a request, in words: the service's own, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

_KNOWN = (400, 404, 412, 413, 500)


class Issue(msgspec.Struct, frozen=True):
    text: str
    where: str | None = None


class Problem(msgspec.Struct, frozen=True):
    """``word``: the key of the sentence that says it in the page's language."""

    status: int
    word: str
    issues: tuple[Issue, ...] = ()


def of_outcome(status: int, outcome: Mapping[str, Any]) -> Problem:
    """The problem of an OperationOutcome of this service."""
    issues = (Issue(each["details"]["text"], next(iter(each.get("expression", ())), None)) for each in outcome["issue"])
    return Problem(status, f"problem-{status}" if status in _KNOWN else "problem-other", tuple(issues))
