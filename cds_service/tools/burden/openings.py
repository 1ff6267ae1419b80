"""The charts of the made-up ward as they are opened between its orders: what the record holds then, and the call."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from cds_service.tools.burden.assumptions import Assumptions
from cds_service.tools.burden.calls import NAMESPACE, USER, Json, about, bundle, prefetch, result
from cds_service.tools.burden.patients import Draw, Visit, followed

_WEEK = timedelta(days=7)
_PAIN, _PHQ_9 = "72514-3", "44261-6"
_CONFERENCE = "384682003"
_SNOMED = "http://snomed.info/sct"


@dataclass(frozen=True, slots=True)
class Opening:
    """A chart that is opened today. ``visit``: the last one; the rest is None where nothing is on record."""

    visit: Visit
    today: date
    pain: tuple[date, int] | None
    opioid: bool
    conference: date | None
    screen: date | None


def openings(assumed: Assumptions) -> list[list[Opening]]:
    """The openings of each of some patients who are followed: on the day of every order, before it is made, and weekly
    after."""
    return [
        [each for visit in visits for each in _opened(Draw(assumed, visits[0].name), visits[0], visit)]
        for visits in followed(assumed)[: int(assumed.number("charts"))]
    ]


def _opened(draw: Draw, first: Visit, visit: Visit) -> Iterator[Opening]:
    moment = visit.today.isoformat()
    score = _score(draw, moment) if draw.yes("pain_known", moment) else None
    conference = first.today - timedelta(days=draw.whole("conference-day", 5, 60)) if draw.yes("conference") else None
    screen = visit.today if draw.yes("screened", moment) else None
    for week in range(int(draw.assumed.number("openings"))):
        given = replace(visit, doses=(visit.today, *visit.doses)) if week else visit
        yield Opening(
            visit=given,
            today=visit.today + week * _WEEK,
            pain=None if score is None else (visit.today, score),
            opioid=score is not None and score >= draw.assumed.number("strong") and draw.yes("opioid"),
            conference=conference,
            screen=screen,
        )


def _score(draw: Draw, moment: str) -> int:
    """None in most; as strong as a number from 1 to 10 in the rest."""
    return draw.whole("score", 1, 10, moment) if draw.yes("pain", moment) else 0


def opened(it: Opening) -> bytes:
    """The call at patient-view, with everything prefetched that discovery names."""
    visit = it.visit
    sent = prefetch(visit)
    results = [e["resource"] for key in ("laboratory", "measurements") for e in sent.pop(key)["entry"]]
    if it.pain:
        day, score = it.pain
        results.append(result(visit, _PAIN, score, "{score}", day))
    if it.screen:
        results.append(result(visit, _PHQ_9, 2, "{score}", it.screen))
    held = [about(visit, "Procedure", "conference", status="completed", performedDateTime=str(it.conference))]
    held[0]["code"] = {"coding": [{"system": _SNOMED, "code": _CONFERENCE}]}
    sent |= {"observations": bundle(*results), "reports": bundle(), "encounters": bundle()}
    if it.conference:
        sent["procedures"]["entry"] += bundle(*held)["entry"]
    if it.opioid:
        sent["medicationRequests"]["entry"] += bundle(_morphine(it))["entry"]
    body: Json = {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid5(NAMESPACE, f"{visit.name}|opened|{it.today}")),
        "context": {"userId": USER, "patientId": visit.name},
        "prefetch": sent,
    }
    return json.dumps(body).encode()


def _morphine(it: Opening) -> Json:
    """Begun when the pain was scored."""
    made = about(it.visit, "MedicationRequest", "morphine", status="active", intent="order")
    return made | {"authoredOn": str(it.visit.today), "medicationCodeableConcept": {"text": "morphine"}}
