"""Where things end, on the day and on the last character: windows, numbers of a request, quotes on a card."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from cds_service.base.kinds import Missing
from cds_service.edition import Edition
from cds_service.facts.exact import bounded, number, positive
from cds_service.facts.explained import reference
from cds_service.facts.facts import Facts
from cds_service.facts.lesions import count_of
from cds_service.facts.narrative import QUOTED, quoted
from cds_service.facts.results import Reading
from cds_service.facts.units import LARGEST_EXPONENT, LONGEST_NUMBER, printed, shortened
from cds_service.facts.window import newest, reasons, since
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import Observation
from cds_service.record.completeness import Completeness
from cds_service.record.read import Record
from tests.build import NOW, PATIENT, Json, ago
from tests.build import observation as sent
from tests.facts.lab import TODAY, observation, results
from tests.facts.whole import facts_of

DAYS = 7


def on(days_ago: int, value: float = 1) -> Observation:
    day = (TODAY - timedelta(days=days_ago)).isoformat()
    return observation(value=value, unit="mg/dL", id=f"o{days_ago}", effectiveDateTime=day)


def unreadable(days_ago: int) -> Observation:
    day = (TODAY - timedelta(days=days_ago)).isoformat()
    return observation(value=1, unit="U/L", id=f"u{days_ago}", effectiveDateTime=day)


# Windows


@pytest.mark.parametrize(("days_ago", "counts"), [(0, True), (DAYS, True), (DAYS + 1, False)])
def test_a_window_holds_today_and_its_last_day(days_ago: int, counts: bool) -> None:
    found = results(on(days_ago))
    assert bool(list(since(found, "creatinine", TODAY, DAYS))) is counts
    assert (newest(found, "creatinine", TODAY, DAYS) is not None) is counts


def test_all_of_a_window_count_and_nothing_before_it() -> None:
    found = results(on(9), on(0), on(3), on(DAYS))
    assert [r.ref for r in since(found, "creatinine", TODAY, DAYS)] == [
        "Observation/o0", "Observation/o3", f"Observation/o{DAYS}",
    ]  # fmt: skip


@pytest.mark.parametrize(("days_ago", "why"), [(0, "unit-unknown"), (DAYS, "unit-unknown"), (DAYS + 1, "too-old")])
def test_why_there_is_no_result_ends_with_the_window_too(days_ago: int, why: str) -> None:
    (reason,) = reasons("creatinine", "creatinine", results(unreadable(days_ago)), TODAY, DAYS)
    day = TODAY - timedelta(days=days_ago)
    assert (reason.what, reason.why, reason.when) == ("creatinine", why, day)
    assert reason.detail == "1 U/L"


def test_nothing_on_record_has_no_reason_and_a_result_of_today_can_be_the_old_one() -> None:
    assert list(reasons("creatinine", "creatinine", {}, TODAY, DAYS)) == []
    assert [m.why for m in reasons("creatinine", "creatinine", results(on(0)), TODAY, DAYS)] == ["too-old"]


# Numbers


@pytest.mark.parametrize(
    ("digits", "read"),
    [
        ("9" * LONGEST_NUMBER, True),
        ("9" * (LONGEST_NUMBER + 1), False),
        ("0." + "0" * (LONGEST_NUMBER - 3) + "1", abs(LONGEST_NUMBER - 2) <= LARGEST_EXPONENT),
        ("0", False),
        ("4", True),
        ("x", False),
    ],
)
def test_a_number_is_read_up_to_its_greatest_length(digits: str, read: bool) -> None:
    fits = read and (digits == "4" or abs(Decimal(digits).adjusted()) <= LARGEST_EXPONENT)
    assert (number(digits) is not None) is fits


def test_a_number_of_the_greatest_size_is_one_and_a_larger_is_not() -> None:
    assert positive(Decimal(f"1E{LARGEST_EXPONENT}")) == 10**LARGEST_EXPONENT
    assert positive(Decimal(f"1E{LARGEST_EXPONENT + 1}")) is None
    assert positive(Decimal(f"1E-{LARGEST_EXPONENT}")) == Fraction(1, 10**LARGEST_EXPONENT)
    largest = Fraction(10**LARGEST_EXPONENT)
    assert [bounded(it) for it in (largest, largest + 1, 1 / largest, 1 / (largest + 1), None)] == [
        largest, None, 1 / largest, None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1.23456789 mg", "1.235 mg"),
        ("0.000012345", "0.0000123"),
        ("5 and 6", "5 and 6"),
    ],
)
def test_a_machine_s_tail_is_cut(text: str, shown: str) -> None:
    assert shortened(text) == shown
    first, *_ = text.split()
    assert printed(Decimal(first)) == shown.split(maxsplit=1)[0]


# Words


@pytest.mark.parametrize("letter", ["x", "骨"])
def test_a_quote_that_fits_is_whole_and_a_longer_one_says_that_it_goes_on(letter: str) -> None:
    assert quoted(letter * QUOTED) == letter * QUOTED
    assert quoted(letter * (QUOTED + 1)) == letter * (QUOTED - 1) + "…"


@pytest.mark.parametrize(
    ("value", "comparator", "number_"),
    [
        ("1", None, "solitary"), ("2", None, "multiple"), ("0", None, "unknown"),
        ("1", ">", "multiple"), ("0", ">", "unknown"), ("2", ">=", "multiple"), ("1", ">=", "unknown"),
        ("3", "<", "unknown"), ("about 3 or 4", None, "unknown"),
    ],
)  # fmt: skip
def test_how_many_lesions_a_number_says(value: str, comparator: str | None, number_: str) -> None:
    assert count_of(value, comparator) == number_


# Results


def test_two_of_one_moment_leave_the_newest_first() -> None:
    same = [
        on(
            2,
            value,
        )
        for value in (1, 2)
    ]
    for made in ([*same, on(1), on(5)], [on(5), on(1), *same[::-1]]):
        found = results(*made)["creatinine"]
        assert [r.when for r in found] == [TODAY - timedelta(days=d) for d in (1, 2, 2, 5)]


def test_an_empty_range_beside_a_full_one_is_no_second_range() -> None:
    ranges = [{"text": "see the laboratory's page"}, {"low": {"value": 2}, "high": {"value": 3}}]
    made = observation("calcium-corrected", value=2.5, unit="mmol/L", referenceRange=ranges)
    (reading,) = results(made)["calcium-corrected"]
    assert isinstance(reading, Reading)
    assert [reading.low, reading.high] == [2, 3]


def test_a_result_without_an_id_leads_nowhere(edition: Edition) -> None:
    made: Json = sent("2160-0", 1, "mg/dL")
    del made["id"]
    (reading,) = facts_of(edition, made).results["creatinine"]
    assert reference(reading.ref) is None


@pytest.mark.parametrize(
    ("known", "told"),
    [
        (Completeness("obtained"), None),
        (Completeness("none"), None),
        (Completeness("not-obtained", "absent"), Missing("laboratory", "not-obtained")),
        (Completeness("incomplete", "more-pages"), Missing("laboratory", "incomplete")),
        (Completeness("incomplete", "more-pages", ago(9)), Missing("laboratory", "incomplete", when=day_of(ago(9)))),
    ],
)
def test_a_gap_says_how_far_back_is_known(edition: Edition, known: Completeness, told: Missing | None) -> None:
    keys = edition.knowledge.services.prefetch
    record = Record.of([], PATIENT, keys, NOW)
    found = Facts(
        msgspec.structs.replace(record, needs={**record.needs, "laboratory": known}), (), NOW, edition.readers
    )
    assert found.gaps.get("laboratory") == told
