"""A calcium whose name says neither total nor ionised: its range, else its value, says which; one that may be either is
told and counts as neither."""

from __future__ import annotations

from typing import Any

import pytest

from cds_service.edition import Edition
from cds_service.facts.calcium import Calcium, calcium
from tests.asked import answered
from tests.build import Json, bundle, denosumab, observation, prefetch, request, zoledronic
from tests.facts.lab import MEASUREMENTS, TODAY, results
from tests.facts.lab import observation as result

RANGES = {
    "of a total": [{"text": "2.11-2.52"}],
    "of an ionised": [{"low": {"value": 1.12, "unit": "mmol/L"}, "high": {"value": 1.32, "unit": "mmol/L"}}],
    "of both": [{"text": "1.1-2.5"}],
    "none": None,
}


def known(value: Any, unit: str = "mmol/L", **told: Any) -> Calcium:
    return calcium(results(result("calcium-unstated", value, unit, **told)), TODAY, MEASUREMENTS)


@pytest.mark.parametrize(
    ("value", "unit", "range_", "kind", "level"),
    [
        (2.30, "mmol/L", "none", "total-uncorrected", "normal"),
        (1.95, "mmol/L", "none", "total-uncorrected", "low"),
        (1.75, "mmol/L", "none", "total-uncorrected", "low"),
        (1.74, "mmol/L", "none", None, None),
        (1.31, "mmol/L", "none", None, None),
        (1.30, "mmol/L", "none", "ionised", "normal"),
        (0.95, "mmol/L", "none", "ionised", "low"),
        (9.2, "mg/dL", "none", "total-uncorrected", "normal"),
        (4.8, "mg/dL", "none", "ionised", "normal"),
        (1.50, "mmol/L", "of a total", "total-uncorrected", "low"),
        (1.20, "mmol/L", "of a total", "total-uncorrected", "low"),
        (1.50, "mmol/L", "of an ionised", "ionised", "high"),
        (1.90, "mmol/L", "of an ionised", "ionised", "high"),
        (1.50, "mmol/L", "of both", None, None),
        (2.30, "mmol/L", "of both", "total-uncorrected", "normal"),
    ],
)
def test_the_range_else_the_value_says_which_it_is(
    value: float, unit: str, range_: str, kind: str | None, level: str | None
) -> None:
    found = known(value, unit, referenceRange=RANGES[range_])
    assert (found.kind, found.level) == (kind, level)
    assert found.concluded is (kind is not None)
    assert [m.why for m in found.unread] == ([] if kind else ["kind-unknown"])


def test_one_that_names_its_kind_comes_first_and_is_not_concluded() -> None:
    day = {"effectiveDateTime": "2026-11-20"}
    stated, unstated = (
        result("calcium-total", 2.0, "mmol/L", id="a", **day),
        result("calcium-unstated", 2.4, "mmol/L", id="b", **day),
    )
    found = calcium(results(stated, unstated), TODAY, MEASUREMENTS)
    assert (found.value, found.concluded) == (2, False)
    newer = result("calcium-unstated", 2.4, "mmol/L", id="b", effectiveDateTime="2026-11-21")
    assert calcium(results(stated, newer), TODAY, MEASUREMENTS).level == "normal"


def named(name: str, value: float) -> Json:
    code = {"coding": [{"system": "urn:oid:1.2.156.999.1", "code": "E04", "display": name}]}
    return observation("E04", value, "mmol/L") | {"code": code}


@pytest.mark.parametrize("name", ["Ca2+", "钙离子", "血清钙(Ca2+)", "总钙(Ca2+)", "Ca++", "电解质-Ca2+", "血清钙离子"])
@pytest.mark.parametrize(
    ("draft", "topic"),
    [(denosumab(), "denosumab-hypocalcaemia"), (zoledronic(), "bisphosphonate-hypocalcaemia")],
    ids=["denosumab", "zoledronic-acid"],
)
def test_a_total_called_by_its_ion_is_neither_high_nor_silent(
    edition: Edition, name: str, draft: Json, topic: str
) -> None:
    creatinine = observation("2164-2", 90, "mL/min")

    def topics(value: float) -> list[str]:
        found = answered(edition, request(draft, prefetch=prefetch(laboratory=bundle(creatinine, named(name, value)))))
        return [card.source.topic.code for card in found.response.cards]

    assert topics(2.30) == []
    assert topics(1.95) == [topic]
    # Neither: told, with denosumab by its own card.
    assert topics(1.50) == ["denosumab-hypocalcaemia" if "denosumab" in topic else "not-evaluated"]
