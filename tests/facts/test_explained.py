"""A fact or an input that is one result carries all of it: value, unit, as reported, day and path."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from cds_service.base.kinds import RequestText
from cds_service.facts.explained import Fact, Input, reference
from cds_service.facts.results import Reading, Sourced

DAY = date(2026, 3, 1)
REF = RequestText("Observation/a")
READING = Reading("creatinine", Fraction(1), "mg/dL", "88.4 μmol/L", DAY, REF, own_unit="umol/L")


def test_an_input_that_is_a_result() -> None:
    told = Input("creatinine", Fraction(1), "mg/dL", RequestText("88.4 μmol/L"), DAY, REF)
    assert Input.of("creatinine", READING) == told
    assert Input.sourced(Sourced("creatinine", Fraction(2), "mg", READING)) == told
    assert Input.sourced(Sourced("age", Fraction(60), "a")) == Input("age", Fraction(60), "a")


def test_a_fact_that_is_a_result() -> None:
    told = Input.of("creatinine", READING)
    data = {"one": 1}
    assert Fact.of("creatinine", READING, data, (told,), ("renal",)) == Fact(
        "creatinine", data, Fraction(1), "mg/dL", DAY, REF, (told,), None, ("renal",), ()
    )
    assert Fact.of("creatinine", READING, data) == Fact("creatinine", data, Fraction(1), "mg/dL", DAY, REF)


def test_only_what_has_an_id_leads_back_to_the_record() -> None:
    assert reference(REF) == REF
    assert reference(RequestText("Observation/?")) is None
    assert reference(None) is None
