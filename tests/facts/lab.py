"""Results of laboratories for these tests: the shipped unit table, a stand-in for the code lists, one day as today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from cds_service.base.yamlfile import load_as
from cds_service.facts.observations import Names, collect
from cds_service.facts.results import Reading, Result, Series, Unusable
from cds_service.fhir.structs import Observation
from cds_service.knowledge.measurements import Measurements

CARDS = Path(__file__).parents[2] / "cards"
MEASUREMENTS = load_as(CARDS / "measurements.yaml", Measurements)
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
TODAY = NOW.date()


@dataclass(frozen=True)
class Named:
    concept: str
    flags: frozenset[str] = frozenset()


class Codes:
    """Stands in for Terminology: a coding's code, or the text, is the name of its code list."""

    def match(
        self, domain: str, codings: Sequence[tuple[str | None, str | None, str | None]], text: str | None
    ) -> tuple[Named, ...]:
        assert domain == "observation"
        words = [code for _, code, _ in codings if code] or [text or ""]
        return tuple(Named(w.removesuffix("?"), frozenset({"broad"} if w.endswith("?") else ())) for w in words)


def observation(analyte: str = "creatinine", value: Any = None, unit: str | None = None, **members: Any) -> Observation:
    """An Observation decoded from JSON as it comes. Members given (camelCase) win over the defaults; None drops."""
    body: dict[str, Any] = {
        "resourceType": "Observation",
        "id": "o1",
        "status": "final",
        "code": {"text": analyte},
        "effectiveDateTime": "2026-11-20",
        "method": {"text": "a member nobody reads"},
    }
    if value is not None:
        body["valueQuantity"] = {"value": value, "unit": unit}
    body = {name: member for name, member in (body | members).items() if member is not None}
    return msgspec.json.decode(msgspec.json.encode(body), type=Observation)


def by_code(observations: Iterable[Observation]) -> dict[bytes, list[Observation]]:
    """Observations as a record holds them."""
    coded: dict[bytes, list[Observation]] = {}
    for each in observations:
        coded.setdefault(bytes(each.code), []).append(each)
    return coded


def results(*observations: Observation, now: datetime = NOW) -> dict[str, Series]:
    return collect(by_code(observations), Names(Codes(), MEASUREMENTS.analytes), MEASUREMENTS, now)


def only(*observations: Observation, now: datetime = NOW) -> Result:
    """The one result there is."""
    ((result,),) = results(*observations, now=now).values()
    return result


def reading(*observations: Observation, now: datetime = NOW) -> Reading:
    result = only(*observations, now=now)
    assert isinstance(result, Reading), result
    return result


def why(*observations: Observation, now: datetime = NOW) -> str:
    result = only(*observations, now=now)
    assert isinstance(result, Unusable), result
    return result.why
