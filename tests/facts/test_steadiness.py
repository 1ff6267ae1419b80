"""What is steady: every limit pinned, and what an unsteady creatinine forbids."""

from __future__ import annotations

import dataclasses
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from cds_service.edition import Edition
from cds_service.evaluate.outcome import Advise, CreateDrug, ReviseOrder
from cds_service.review.cases import ask
from tests.asked import with_limit

MOVED = {"mg/dL": "0.005", "umol/L": "0.05", "%": "0.2", "mmol/L": "0.005", "g/L": "1", "kg": "1"}
UNSTEADY = "renal-function-unstable"
LOW, HIGH = "denosumab-hypocalcaemia", "hypercalcaemia-no-supplement"
INJURED = {"order": {"drug": "zoledronic-acid"}, "diagnoses": ["lung-cancer", "acute-kidney-injury"]}
TOTAL, IONISED = {"kind": "total-uncorrected"}, {"kind": "ionised"}
ZOLEDRONIC = {"order": {"drug": "zoledronic-acid"}}
DENOSUMAB, CALCIUM = {"drug": "denosumab", "dose_mg": 120}, {"drug": "calcium-supplement"}


def _two(newest: dict[str, Any], older: dict[str, Any]) -> dict[str, Any]:
    return {"creatinines": [newest | {"days_ago": 1}, older | {"days_ago": 4}]}


# (limit, unit, topic, a given exactly on it, a given a little beyond it); moved either way, one answers otherwise.
PINNED = [
    ("unsteady-change", "%", UNSTEADY, ZOLEDRONIC | _two({"mg_dl": Decimal("1.3")}, {"mg_dl": 1}),
     ZOLEDRONIC | _two({"mg_dl": Decimal("1.301")}, {"mg_dl": 1})),
    ("creatinine-steady", "mg/dL", UNSTEADY, INJURED | _two({"mg_dl": Decimal("1.3")}, {"mg_dl": 1}),
     INJURED | _two({"mg_dl": Decimal("1.301")}, {"mg_dl": 1})),
    ("creatinine-steady", "umol/L", UNSTEADY, INJURED | _two({"umol_l": Decimal("126.5")}, {"umol_l": 100}),
     INJURED | _two({"umol_l": Decimal("126.51")}, {"umol_l": 100})),
    ("calcium-corrected-low", "mmol/L", LOW, {"order": DENOSUMAB, "calcium": {"mmol_l": 2}},
     {"order": DENOSUMAB, "calcium": {"mmol_l": Decimal("1.999")}}),
    ("calcium-corrected-low", "mg/dL", LOW, {"order": DENOSUMAB, "calcium": {"mg_dl": 8}},
     {"order": DENOSUMAB, "calcium": {"mg_dl": Decimal("7.999")}}),
    ("calcium-ionised-low", "mmol/L", LOW, {"order": DENOSUMAB, "calcium": IONISED | {"mmol_l": 1}},
     {"order": DENOSUMAB, "calcium": IONISED | {"mmol_l": Decimal("0.999")}}),
    ("calcium-total-low", "mmol/L", LOW, {"order": DENOSUMAB, "calcium": TOTAL | {"mmol_l": Decimal("1.75")}},
     {"order": DENOSUMAB, "calcium": TOTAL | {"mmol_l": Decimal("1.749")}}),
    ("calcium-corrected-high", "mmol/L", HIGH, {"order": CALCIUM, "calcium": {"mmol_l": Decimal("2.90")}},
     {"order": CALCIUM, "calcium": {"mmol_l": Decimal("2.901")}}),
    ("calcium-corrected-high", "mg/dL", HIGH, {"order": CALCIUM, "calcium": {"mg_dl": Decimal("11.5")}},
     {"order": CALCIUM, "calcium": {"mg_dl": Decimal("11.501")}}),
    ("calcium-ionised-high", "mmol/L", HIGH, {"order": CALCIUM, "calcium": IONISED | {"mmol_l": Decimal("1.5")}},
     {"order": CALCIUM, "calcium": IONISED | {"mmol_l": Decimal("1.501")}}),
    ("calcium-total-high", "mmol/L", HIGH, {"order": CALCIUM, "calcium": TOTAL | {"mmol_l": Decimal("2.90")}},
     {"order": CALCIUM, "calcium": TOTAL | {"mmol_l": Decimal("2.901")}}),
]  # fmt: skip


@pytest.mark.parametrize("sign", [-1, 1], ids=["down", "up"])
@pytest.mark.parametrize(
    ("name", "unit", "topic", "on", "beyond"), PINNED, ids=[f"{name} {unit}" for name, unit, *_ in PINNED]
)
def test_every_limit_of_the_measurements_is_pinned(
    edition: Edition, name: str, unit: str, topic: str, on: dict[str, Any], beyond: dict[str, Any], sign: int
) -> None:
    said = [ask(edition, topic, given).said for given in (on, beyond)]
    assert said[0] != said[1]
    moved = with_limit(edition, name, unit, sign * Decimal(MOVED[unit]))
    assert [ask(moved, topic, given).said for given in (on, beyond)] != said


@pytest.mark.parametrize(
    ("name", "moved"), [("unsteady", (-1, 1)), ("injury", (11, -11)), ("injury-creatinines", (-1, 1))]
)
def test_every_window_of_steadiness_is_pinned(edition: Edition, name: str, moved: tuple[int, int]) -> None:
    """Diagnoses of a case were recorded 100 days ago."""
    week = {"creatinines": [{"mg_dl": Decimal("1.5"), "days_ago": 0}, {"mg_dl": 1, "days_ago": 7}]}
    day_8 = {"creatinines": [{"mg_dl": Decimal("1.5"), "days_ago": 0}, {"mg_dl": 1, "days_ago": 8}]}
    month = INJURED | {"creatinines": [{"mg_dl": 1, "days_ago": 0}, {"mg_dl": 1, "days_ago": 30}]}
    later = INJURED | {"creatinines": [{"mg_dl": 1, "days_ago": 0}, {"mg_dl": 1, "days_ago": 31}]}
    steady = INJURED | {"creatinines": [{"mg_dl": 1, "days_ago": 0}, {"mg_dl": 1, "days_ago": 20}]}
    order = {"order": {"drug": "zoledronic-acid"}}
    givens = {"unsteady": [order | week, order | day_8], "injury": [steady], "injury-creatinines": [month, later]}[name]
    said = [ask(edition, UNSTEADY, given).said for given in givens]
    measurements = edition.knowledge.measurements
    changed = [
        [ask(with_window(edition, name, measurements.days(name) + by), UNSTEADY, given).said for given in givens]
        for by in moved
    ]
    assert any(one != said for one in changed)


def with_window(edition: Edition, name: str, days: int) -> Edition:
    measurements = edition.knowledge.measurements
    window = msgspec.structs.replace(measurements.windows[name], value=Decimal(days), min=None, max=None)
    changed = msgspec.structs.replace(measurements, windows={**measurements.windows, name: window})
    return dataclasses.replace(edition, knowledge=dataclasses.replace(edition.knowledge, measurements=changed))


@pytest.mark.parametrize("drug", ["zoledronic-acid", "pamidronate"])
@pytest.mark.parametrize("clearance", [29, 35, 75])
def test_from_an_unsteady_creatinine_nothing_else_is_dosed(edition: Edition, drug: str, clearance: int) -> None:
    given = {"order": {"drug": drug, "dose_mg": 90}, "clearance": clearance} | _two({"mg_dl": 3}, {"mg_dl": 1})
    outcome = ask(edition, "bisphosphonate-renal-dose", given).outcome
    acts = [act for s in outcome.suggestions for act in s.acts] if isinstance(outcome, Advise) else []
    assert not [act for act in acts if isinstance(act, CreateDrug)]
    if isinstance(outcome, Advise) and outcome.say == "not-recommended-unsteady":
        assert not [act for act in acts if isinstance(act, ReviseOrder)]
