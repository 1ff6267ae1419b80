"""What stands against a clearance: dialysis whatever it is, and a diagnosis of kidneys far worse than the number."""

from __future__ import annotations

from datetime import timedelta
from fractions import Fraction

import pytest

from cds_service.base.kinds import Missing, RequestText
from cds_service.facts.against import usable
from cds_service.facts.clearances import Clearance
from cds_service.facts.diagnoses import Diagnoses, DiagnosesGiven
from cds_service.facts.renal import Renal
from tests.build import NOW
from tests.facts.lab import MEASUREMENTS

TODAY = NOW.date()
SINCE, TAKEN = TODAY - timedelta(days=400), TODAY - timedelta(days=3)


def renal(value: str | None) -> Renal:
    if value is None:
        return Renal(28, None, (Missing("creatinine", "not-on-record"),), None, Fraction(50))
    return Renal(28, Clearance(Fraction(value), "measured", TAKEN, RequestText("Observation/c")))


def diagnoses(*concepts: str) -> Diagnoses:
    return DiagnosesGiven(diagnoses=concepts).told(SINCE)


@pytest.mark.parametrize("value", ["15", "90", None])
@pytest.mark.parametrize("more", [(), ("severe-kidney-disease",)])
def test_on_dialysis_no_clearance_is_one(value: str | None, more: tuple[str, ...]) -> None:
    found = usable(renal(value), diagnoses("dialysis", *more), MEASUREMENTS)
    assert found == Renal(28, None, (Missing("clearance", "on-dialysis", None, SINCE),))


@pytest.mark.parametrize(("value", "counts"), [("59.9", True), ("60", False), ("90.04", False)])
def test_a_good_clearance_contradicts_severe_kidney_disease(value: str, counts: bool) -> None:
    found = usable(renal(value), diagnoses("severe-kidney-disease"), MEASUREMENTS)
    if counts:
        assert found == renal(value)
    else:
        shown = {"60": "60.0 mL/min", "90.04": "90.0 mL/min"}[value]
        assert found == Renal(28, None, (Missing("clearance", "contradicts-diagnosis", shown, TAKEN),))


@pytest.mark.parametrize("value", ["15", "90", None])
@pytest.mark.parametrize("concepts", [(), ("lung-cancer", "bone-metastasis")])
def test_without_such_a_diagnosis_all_stays_as_it_is(value: str | None, concepts: tuple[str, ...]) -> None:
    assert usable(renal(value), diagnoses(*concepts), MEASUREMENTS) == renal(value)


def test_without_a_clearance_severe_disease_contradicts_nothing() -> None:
    assert usable(renal(None), diagnoses("severe-kidney-disease"), MEASUREMENTS) == renal(None)
