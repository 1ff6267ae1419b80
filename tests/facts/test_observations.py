"""Which results count, when they were taken, and why one cannot be used."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta, timezone
from fractions import Fraction
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cds_service.facts.observations import Names, collect
from cds_service.facts.results import Reading, Unusable
from cds_service.fhir.dates import age_on, day_of, moment_of
from cds_service.fhir.structs import Observation
from tests.facts.lab import MEASUREMENTS, NOW, Codes, by_code, observation, only, reading, results, why


@pytest.mark.parametrize("status", ["final", "amended", "corrected", "appended", "preliminary"])
def test_results_with_a_value_count(status: str) -> None:
    found = reading(observation(value=1.5, unit="mg/dL", status=status))
    assert (found.value, found.unit, found.when) == (Fraction(3, 2), "mg/dL", date(2026, 11, 20))
    assert found.preliminary == (status == "preliminary")


@pytest.mark.parametrize(
    "status", ["entered-in-error", "cancelled", "Cancelled", "registered", "specimen-in-process", "cannot-be-obtained"]
)
def test_no_result_is_nothing_to_tell_of(status: str) -> None:
    assert results(observation(value=1.5, unit="mg/dL", status=status)) == {}


@pytest.mark.parametrize("status", ["unknown", "reviewed", "", None])
def test_a_result_of_no_known_status_is_named_and_does_not_count(status: str | None) -> None:
    found = only(observation(value=1.5, unit="mg/dL", status=status))
    assert isinstance(found, Unusable)
    assert (found.why, found.shown, found.when) == ("status-unknown", "1.5 mg/dL", date(2026, 11, 20))
    assert why(observation(value=1.5, unit="furlong", status=status)) == "unit-unknown"


@pytest.mark.parametrize("status", ["Final", "FINAL", " amended "])
def test_a_status_in_capitals_is_that_status(status: str) -> None:
    assert reading(observation(value=1.5, unit="mg/dL", status=status)).value == Fraction(3, 2)


def test_the_result_is_shown_as_reported_and_can_be_found_again() -> None:
    found = reading(observation(value=132.6, unit="µmol/L", id="cr-7"))
    assert (found.shown, found.ref) == ("132.6 μmol/L", "Observation/cr-7")
    assert found.value == Fraction("132.6") / Fraction("88.4") == Fraction(3, 2)


@pytest.mark.parametrize(
    ("members", "reason", "printed"),
    [
        ({"value": 90}, "unit-missing", "90"),
        ({"value": 90, "unit": "U/L"}, "unit-unknown", "90 U/L"),
        ({"valueQuantity": {"value": 90, "unit": "umol/L", "comparator": ">"}}, "comparator", ">90 μmol/L"),
        ({"valueQuantity": {"value": 90, "unit": "umol/L", "comparator": "<"}}, "comparator", "<90 μmol/L"),
        ({"valueQuantity": {"unit": "umol/L"}}, "no-value", "μmol/L"),
        ({"valueString": "1.2 mg/dL"}, "not-a-number", "1.2 mg/dL"),
        ({"valueString": ""}, "no-value", None),
        ({}, "no-value", None),
        ({"dataAbsentReason": {"text": "haemolysed"}}, "data-absent", None),
        ({"value": 1, "unit": "mg/dL", "dataAbsentReason": {"text": "error"}}, "data-absent", "1 mg/dL"),
        ({"value": 1, "unit": "mg/dL", "effectiveDateTime": None}, "undated", "1 mg/dL"),
        ({"value": 1, "unit": "mg/dL", "effectiveDateTime": "2026-11"}, "date-imprecise", "1 mg/dL"),
        ({"value": 1, "unit": "mg/dL", "effectiveDateTime": "2026"}, "date-imprecise", "1 mg/dL"),
        ({"value": 1, "unit": "mg/dL", "effectiveDateTime": "last week"}, "date-imprecise", "1 mg/dL"),
        ({"value": 0, "unit": "mg/dL"}, "implausible", "0 mg/dL"),
        ({"value": -1, "unit": "mg/dL"}, "implausible", "-1 mg/dL"),
    ],
)
def test_no_number_is_made_up(members: dict[str, Any], reason: str, printed: str | None) -> None:
    found = only(observation(**members))
    assert isinstance(found, Unusable)
    assert (found.why, found.shown) == (reason, printed)


@pytest.mark.parametrize(
    ("analyte", "unit", "low", "high", "step"),
    [
        ("creatinine", "mg/dL", "0.2", "30", "0.01"),
        ("creatinine", "umol/L", "17.68", "2652", "0.01"),
        ("creatinine-clearance-measured", "mL/min", "1", "300", "0.1"),
        ("egfr", "mL/min/1.73m2", "1", "250", "0.1"),
        ("calcium-total", "mmol/L", "1", "5", "0.01"),
        ("calcium-ionised", "mmol/L", "0.4", "4", "0.01"),
        ("calcium-corrected", "mmol/L", "1", "5", "0.01"),
        ("albumin", "g/dL", "1", "6", "0.1"),
        ("body-weight", "kg", "20", "350", "0.1"),
        ("body-height", "m", "1", "2.5", "0.01"),
    ],
)
def test_implausible_values_are_not_used(analyte: str, unit: str, low: str, high: str, step: str) -> None:
    def read_as(value: Fraction) -> type:
        return type(only(observation(analyte, msgspec.Raw(str(float(value)).encode()), unit)))

    lowest, highest, one = Fraction(low), Fraction(high), Fraction(step)
    assert [read_as(v) for v in (lowest, lowest + one, highest - one, highest)] == [Reading] * 4
    assert [read_as(v) for v in (lowest - one, highest + one)] == [Unusable] * 2


@pytest.mark.parametrize("number", ["1e999999", "-1e999999", "1e-999999", "0e999999", "1" * 5000])
def test_absurd_numbers_of_a_request_are_no_numbers(number: str) -> None:
    assert why(observation(valueQuantity={"value": msgspec.Raw(number.encode()), "unit": "mg/dL"})) == "not-a-number"


@pytest.mark.parametrize(
    ("members", "day"),
    [
        ({"effectiveDateTime": "2026-11-20T23:30:00+08:00"}, "2026-11-20"),
        ({"effectiveDateTime": "2026-11-20T23:30:00"}, "2026-11-20"),
        ({"effectiveDateTime": None, "effectiveInstant": "2026-11-19T01:00:00.123Z"}, "2026-11-19"),
        ({"effectiveDateTime": None, "effectivePeriod": {"start": "2026-11-17", "end": "2026-11-18"}}, "2026-11-18"),
        ({"effectiveDateTime": None, "effectivePeriod": {"start": "2026-11-17"}}, "2026-11-17"),
        ({"effectiveDateTime": None, "issued": "2026-11-16T10:00:00Z"}, "2026-11-16"),
        ({"issued": "2026-11-23T10:00:00Z"}, "2026-11-20"),
    ],
)
def test_the_date_is_when_the_sample_was_taken_as_written(members: dict[str, Any], day: str) -> None:
    assert reading(observation(value=1, unit="mg/dL", **members)).when == date.fromisoformat(day)


@pytest.mark.parametrize(
    ("stamp", "ahead"),
    [
        ("2026-11-24", False),
        ("2026-11-25", True),
        ("2026-11-24T12:00:00Z", False),
        ("2026-11-24T12:00:01Z", True),
        ("2026-11-25T12:00:00Z", True),
        ("2026-11-24T20:00:00+08:00", False),
        ("2026-11-24T20:00:01+08:00", True),
        ("2026-11-24T12:00:01", True),
        ("0001-01-01T00:00:00+14:00", False),
    ],
)
def test_a_result_up_to_a_day_after_now_counts_as_of_now_and_says_so(stamp: str, ahead: bool) -> None:
    found = reading(observation(value=1, unit="mg/dL", effectiveDateTime=stamp))
    assert (found.ahead, found.when <= date(2026, 11, 24)) == (ahead, True)


@pytest.mark.parametrize("stamp", ["2026-11-26", "2026-11-25T12:00:01Z", "2027-01-01", "9999-12-31T23:59:59-14:00"])
def test_a_result_farther_ahead_is_named_as_unusable(stamp: str) -> None:
    assert why(observation(value=1, unit="mg/dL", effectiveDateTime=stamp)) == "after-now"


@pytest.mark.parametrize(
    ("others", "ahead"),
    [
        ([], True),  # in the server's zone it is two hours ahead
        (["2026-11-20T08:00:00+08:00"], False),
        (["2026-11-20T08:00:00+08:00", "2026-11-21T08:00:00+08:00", "2026-11-21T08:00:00Z"], False),
        (["2026-11-20T08:00:00+08:00", "2026-11-21T08:00:00Z", "2026-11-22T08:00:00Z"], True),
    ],
)
def test_a_time_without_a_zone_is_in_that_of_the_records_other_times(others: list[str], ahead: bool) -> None:
    rows = [observation("albumin", 40, "g/L", id=f"a{n}", effectiveDateTime=at) for n, at in enumerate(others)]
    rows.append(observation(value=1, unit="mg/dL", effectiveDateTime="2026-11-24T14:00:00"))
    (found,) = results(*rows)["creatinine"]
    assert isinstance(found, Reading)
    assert found.ahead == ahead


@pytest.mark.parametrize(
    ("value", "unit", "printed", "lab"),
    [
        ("1.1529834120583194", "mg/dL", "1.153 mg/dL", ("1.1529834120583194", "mg/dL")),
        ("0.00012345", "mg/dL", "0.000123 mg/dL", None),
        ("114", "umol/L", "114 μmol/L", ("114", "umol/L")),
        ("114", "µmol/L", "114 μmol/L", ("114", "umol/L")),
        ("0.114", "mmol/L", "0.114 mmol/L", ("114", "umol/L")),
        ("11.5", "mg/L", "11.5 mg/L", ("1.15", "mg/dL")),
    ],
)
def test_a_result_is_shown_as_a_laboratory_prints_it_and_compared_in_its_unit(
    value: str, unit: str, printed: str, lab: tuple[str, str] | None
) -> None:
    found = only(observation(value=msgspec.Raw(value.encode()), unit=unit))
    assert found.shown == printed
    if lab:
        assert isinstance(found, Reading)
        assert (found.lab, found.lab_unit) == (Fraction(lab[0]), lab[1])


@pytest.mark.parametrize(
    ("members", "reason", "printed"),
    [
        ({"valueCodeableConcept": {"text": "1.15 mg/dL"}}, "not-a-number", "1.15 mg/dL"),
        ({"valueCodeableConcept": {"coding": [{"display": "high"}]}}, "not-a-number", "high"),
        ({"valueInteger": 115}, "unit-missing", "115"),
        ({"valueRange": {"low": {"value": 1, "unit": "mg/dL"}, "high": {"value": 2}}}, "not-a-number", "1 mg/dL – 2"),
        ({"valueRatio": {"numerator": {"value": 1}, "denominator": {"value": 8}}}, "not-a-number", "1 / 8"),
    ],
)
def test_a_value_of_another_form_is_told(members: dict[str, Any], reason: str, printed: str) -> None:
    found = only(observation(**members))
    assert isinstance(found, Unusable)
    assert (found.why, found.shown) == (reason, printed)


def test_a_result_already_tomorrow_where_it_was_taken_is_of_today() -> None:
    evening = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)
    found = reading(observation(value=1, unit="mg/dL", effectiveDateTime="2026-11-25T01:00:00+08:00"), now=evening)
    assert found.when == date(2026, 11, 24)


def test_newest_first_by_day_then_time_then_reference() -> None:
    taken = [
        ("a", "2026-11-20"),
        ("b", "2026-11-21T08:00:00Z"),
        ("c", "2026-11-21T16:30:00+08:00"),
        ("d", "2026-11-21"),
        ("e", "2026-11-21"),
        ("f", None),
    ]
    rows = [observation(value=1, unit="mg/dL", id=key, effectiveDateTime=when) for key, when in taken]
    random.Random(1).shuffle(rows)
    assert [r.ref[-1] for r in results(*rows)["creatinine"]] == ["c", "b", "e", "d", "a", "f"]


NORMAL = {"coding": [{"code": "normal"}]}


@pytest.mark.parametrize(
    ("ranges", "bounds"),
    [
        ([{"low": {"value": 2.2}, "high": {"value": 2.6}}], ("2.2", "2.6")),
        ({"low": {"value": 2.2}, "high": {"value": 2.6}}, ("2.2", "2.6")),
        ([{"low": {"value": 2.2}}], ("2.2", None)),
        ([{"high": {"value": 2.6, "unit": "mmol/L"}}], (None, "2.6")),
        ([{"low": {"value": 80.156, "unit": "mg/L"}}], ("2", None)),
        ([{"low": {"value": 2.2, "unit": "parsec"}, "high": {"value": 2.6}}], (None, "2.6")),
        ([{"low": {"value": 2.2}, "type": NORMAL}], ("2.2", None)),
        ([{"low": {"value": 2.2}, "type": {"text": "normal"}}], ("2.2", None)),
        ([{"low": {"value": 2.2}, "type": {}}], ("2.2", None)),
        ([{"low": {"value": 1.8}, "type": {"coding": [{"code": "therapeutic"}]}}], (None, None)),
        ([{"low": {"value": 1.8}, "type": {"text": "critical"}}, {"low": {"value": 2.2}}], ("2.2", None)),
        ([{"low": {"value": 2.2}}, {"low": {"value": 2.2}}], ("2.2", None)),
        ([{"low": {"value": 2.2}}, {"low": {"value": 2.1}}], (None, None)),
        ([{"low": {"value": 2.6}, "high": {"value": 2.2}}], (None, None)),
        ([{"low": {"value": 0}, "high": {"value": 0}}], (None, None)),
        ([{"low": {"value": 8.5}, "high": {"value": 10.5}}], (None, None)),
        ([{"low": {"value": 2.2, "comparator": ">"}}], (None, None)),
        ([{"low": {}}, {}], (None, None)),
        ([{"text": "2.11-2.52"}], ("2.11", "2.52")),
        ([{"text": "2.11～2.52 mmol/L"}], ("2.11", "2.52")),
        ([{"text": "(2.11--2.52)"}], ("2.11", "2.52")),
        ([{"text": "2.11 至 2.52"}], ("2.11", "2.52")),
        ([{"text": "2.11 to 2.52 mmol/l"}], ("2.11", "2.52")),
        ([{"text": "2.11-2.52 IU/L"}], (None, None)),
        ([{"text": "< 2.52"}], (None, None)),
        ([{"text": "男 2.11-2.52; 女 2.10-2.50"}], (None, None)),
        ([{"text": "2.11-2.52", "low": {"value": 2.2}}], ("2.2", None)),
        ([{"text": "2" * 5_000}], (None, None)),
    ],
)
def test_the_results_own_normal_range_in_its_own_unit(ranges: Any, bounds: tuple[str | None, str | None]) -> None:
    found = reading(observation("calcium-total", 2.3, "mmol/L", referenceRange=ranges))
    assert (found.low, found.high) == tuple(b and Fraction(b) for b in bounds)


def test_members_of_a_panel_are_results_and_the_panel_itself_is_not() -> None:
    panel = observation(
        "creatinine",
        component=[
            {"code": {"text": "creatinine"}, "valueQuantity": {"value": 1, "unit": "mg/dL"}},
            {"code": {"text": "egfr"}, "valueQuantity": {"value": 80, "unit": "mL/min"}},
            {"code": {"text": "potassium"}, "valueQuantity": {"value": 4, "unit": "mmol/L"}},
            {"code": {"text": "albumin"}, "dataAbsentReason": {"text": "unknown"}},
        ],
    )
    found = results(panel)
    assert set(found) == {"creatinine", "egfr", "albumin"}
    assert [type(r) for rows in found.values() for r in rows].count(Reading) == 2
    assert {r.ref for rows in found.values() for r in rows} == {"Observation/o1"}


def test_a_blood_pressure_is_none_of_our_results() -> None:
    assert results(observation("blood-pressure", component=[{"code": {"text": "systolic"}}]), observation("", 1)) == {}


def test_an_indexed_value_is_never_a_clearance_whatever_else_its_codes_say() -> None:
    coded = {"coding": [{"code": "egfr"}, {"code": "creatinine-clearance-measured"}]}
    assert set(results(observation(value=50, unit="mL/min", code=coded))) == {"egfr"}


def test_a_code_too_broad_to_stand_alone_names_no_analyte() -> None:
    assert results(observation("creatinine?", 1, "mg/dL")) == {}


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-11-24", date(2026, 11, 24)),
        (" 2026-11-24 ", date(2026, 11, 24)),
        ("2026-11-24T23:59:60Z", date(2026, 11, 24)),
        ("2026-11-24 08:00", date(2026, 11, 24)),
        ("2026-11", None),
        ("2026", None),
        ("20261124", None),
        ("2026-W48-2", None),
        ("2026-02-30", None),
        ("2026-11-24x", None),
        ("", None),
        (None, None),
    ],
)
def test_days_of_records(text: str | None, day: date | None) -> None:
    assert day_of(text) == day


def test_a_time_is_kept_with_its_zone() -> None:
    moment = moment_of("2026-11-24T08:00:00+08:00")
    assert moment is not None
    assert moment.at == datetime(2026, 11, 24, 8, tzinfo=timezone(timedelta(hours=8)))


@pytest.mark.parametrize(
    ("birth", "day", "age"),
    [
        ("1961-11-25", "2026-11-24", 64),
        ("1961-11-24", "2026-11-24", 65),
        ("1961-11-23", "2026-11-24", 65),
        ("2008-02-29", "2026-02-28", 17),
        ("2008-02-29", "2026-03-01", 18),
    ],
)
def test_whole_years(birth: str, day: str, age: int) -> None:
    assert age_on(date.fromisoformat(birth), date.fromisoformat(day)) == age


TEXT = st.text(max_size=12) | st.sampled_from(["creatinine", "egfr", "mg/dL", "2026-11-20", "2026", "final", "normal"])
QUANTITY = st.fixed_dictionaries(
    {},
    optional={
        "value": st.floats(allow_nan=False, allow_infinity=False) | st.integers(),
        "unit": TEXT,
        "code": TEXT,
        "system": TEXT,
        "comparator": TEXT,
    },
)
CONCEPT = st.fixed_dictionaries({}, optional={"text": TEXT, "coding": st.lists(st.just({"code": "creatinine"}))})
RANGE = st.fixed_dictionaries({}, optional={"low": QUANTITY, "high": QUANTITY, "type": CONCEPT})
GARBAGE = st.fixed_dictionaries(
    {"resourceType": st.just("Observation"), "status": st.sampled_from(["final", "preliminary"])},
    optional={
        "code": CONCEPT,
        "effectiveDateTime": TEXT,
        "effectivePeriod": st.fixed_dictionaries({}, optional={"start": TEXT, "end": TEXT}),
        "valueQuantity": QUANTITY,
        "valueString": TEXT,
        "referenceRange": RANGE | st.lists(RANGE, max_size=2),
        "component": st.lists(
            st.fixed_dictionaries({"code": CONCEPT}, optional={"valueQuantity": QUANTITY}), max_size=2
        ),
        "unheardOf": st.recursive(TEXT | st.integers(), lambda inner: st.lists(inner, max_size=2), max_leaves=4),
    },
)


@settings(max_examples=200, deadline=None)
@given(st.lists(GARBAGE, max_size=4), st.randoms(use_true_random=False))
def test_whatever_comes_never_raises_and_its_order_makes_no_difference(
    bodies: list[Any], shuffle: random.Random
) -> None:
    rows = [msgspec.json.decode(msgspec.json.encode(body), type=Observation) for body in bodies]
    before = collect(by_code(rows), Names(Codes(), MEASUREMENTS.analytes), MEASUREMENTS, NOW)
    shuffle.shuffle(rows)
    assert collect(by_code(rows), Names(Codes(), MEASUREMENTS.analytes), MEASUREMENTS, NOW) == before
