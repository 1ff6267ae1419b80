"""Text of any length and kind is read in time proportional to its size, and numbers of any size are read as none."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from cds_service.edition import Edition
from cds_service.facts.bounded import norm, told
from cds_service.facts.exact import bounded, number, positive
from cds_service.fhir.structs import MedicationRequest
from cds_service.tools.asking import answer_body
from tests.build import NOW, RXNORM, denosumab, encoded, prefetch, request, zoledronic
from tests.facts.dosages import READER, read

LONG = 100_000
PARTS = {
    "letters": "a",
    "digits": "9",
    "spaces": " ",
    "marks": "\u0301",
    "mixed marks": "a\u0315\u0300\u05ae",
    "chinese": "每",
    "wide": "ﷺ",
    "every": "every ",
    "each 4": "每4",
    "vials": "2 vials (4 mg/",
    "over": "over 15 ",
    "mg": "4 mg ",
    "dots": "1.",
    "dashes": "4-",
    "slashes": "4 mg/",
    "iv": "i.v.",
}


def made(part: str, size: int) -> str:
    return (part * (size // len(part) + 1))[:size]


def everywhere(text: str) -> dict[str, Any]:
    """An order with the text in every member that is read."""
    concept = {"text": text, "coding": [{"system": text, "code": text, "display": text}]}
    # Known by its code: of an unknown drug no dosage is read.
    known = {"coding": [{"system": RXNORM, "code": "77655"}, *concept["coding"]], "text": text}
    quantity = {"value": 4, "unit": text, "code": text}
    return {
        "resourceType": "MedicationRequest",
        "medicationCodeableConcept": known,
        "renderedDosageInstruction": text,
        "authoredOn": text,
        "dosageInstruction": [
            {
                "text": text,
                "additionalInstruction": [concept],
                "timing": {
                    "code": concept,
                    "event": [text],
                    "repeat": {
                        "period": 4, "periodUnit": text, "duration": 4, "durationUnit": text,
                        "boundsDuration": quantity, "boundsPeriod": {"start": text, "end": text},
                    },
                },
                "route": concept,
                "doseAndRate": [{"type": concept, "doseQuantity": quantity, "rateQuantity": quantity}],
                "extension": [{"url": text, "valueQuantity": quantity}],
            }
        ],
    }  # fmt: skip


def took(work: Callable[[], object]) -> float:
    """The shortest of three runs, so that other work on the machine does not count."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return min(times)


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_ten_times_the_text_takes_no_more_than_that(edition: Edition, part: str) -> None:
    def order(size: int) -> MedicationRequest:
        return msgspec.json.decode(msgspec.json.encode(everywhere(made(part, size))), type=MedicationRequest)

    short, long = order(LONG // 10), order(LONG)
    drugs = edition.readers.drugs
    base = took(lambda: drugs.read(short, lambda _: None))
    # A generous factor beside the tenfold size: a quadratic reader would take a hundredfold.
    assert took(lambda: drugs.read(long, lambda _: None)) < 40 * base + 0.05


@pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
def test_the_longest_text_that_is_read_is_read_quickly(part: str) -> None:
    line = made(part, 1000)
    text = {"text": line, "route": {"text": line}, "timing": {"code": {"text": line}}}
    assert took(lambda: (read(text), READER.piece_of(line), READER.with_mass(line, Fraction(4), Fraction(3)))) < 0.1


def test_an_order_of_very_many_dosages_is_not_read_by_its_first() -> None:
    assert read(*[{"text": "4 mg"}] * 20).dose is not None
    assert read(*[{"text": "4 mg"}] * 21).problem == "dose-text-unreadable"


def test_a_text_of_very_many_numbers_states_no_dose() -> None:
    assert read({"text": "4 mg " * 40}).dose is not None
    assert read({"text": "4 mg " * 41}).problem == "dose-text-unreadable"


def test_text_beyond_the_limit_is_not_read_by_its_beginning() -> None:
    for text in ("4 mg q4w over 15 min" + " " * 1000, "x" * 980 + " 4 mg q4w over 15 min"):
        dosed = read({"text": text})
        found = (dosed.dose, dosed.interval_days, dosed.infusion_minutes)
        assert (found == (None, None, None)) is (len(text) > 1000), len(text)
    assert told("a" * 1001) == "" == norm("a" * 1001)
    assert told("ﷺ" * 1000) == ""
    # What stands behind the limit could make another unit of it.
    assert read({"doseAndRate": [{"doseQuantity": {"value": 4, "unit": "mg" + " " * 1000 + "/kg"}}]}).dose is None


NUMBERS = ["9" * 31, "9" * 5000, "0." + "0" * 31 + "1", "1" + "0" * 13, "0", "4." + "0" * 60]


@pytest.mark.parametrize("digits", NUMBERS, ids=len)
@pytest.mark.parametrize(
    "text", ["{} mg", "{}mg×2支", "{} vials (4 mg/vial)", "2 vials ({} mg/vial)", "每次{}支(4mg/支)", "5 mL ({} mg/mL)"]
)
def test_digits_of_no_size_are_no_dose(text: str, digits: str) -> None:
    assert read({"text": text.format(digits)}).dose is None


@pytest.mark.parametrize("digits", NUMBERS, ids=len)
def test_digits_of_no_size_are_no_strength(digits: str) -> None:
    for name in (f"zoledronic acid {digits} mg", f"zoledronic acid {digits} mg/mL, 5 mL vial", f"{digits}ml:4mg"):
        found = READER.piece_of(name)
        assert found.mg is None, name
        assert found.mg_per_ml is None, name


def test_numbers_of_no_size_are_none() -> None:
    for digits in NUMBERS:
        assert number(digits) is None
        assert positive(Decimal(digits)) is None
    assert positive(Decimal("1e400")) is None
    assert number("4.0.0") is None
    assert bounded(Fraction(10**13)) is None
    assert bounded(Fraction(1, 10**13)) is None
    assert bounded(Fraction(4)) == 4


EXTREMES = ["1e12", "1e-12", "9" * 31, "9" * 5000, "1e400", "1e-400", "-4", "0", "0." + "3" * 38, "4." + "0" * 60]


def raw(number: str) -> dict[str, Any]:
    """A dosage with one number at every place; the number is put in as it stands, after encoding."""
    return {
        "text": f"{number} mg every {number} weeks over {number} min",
        "timing": {"repeat": {"frequency": "@", "period": "@", "periodMax": "@", "periodUnit": "wk", "count": "@"}},
        "doseAndRate": [{
            "doseQuantity": {"value": "@", "unit": "mg"},
            "rateRatio": {"numerator": {"value": "@", "unit": "mg"}, "denominator": {"value": "@", "unit": "h"}},
        }],
    }  # fmt: skip


@pytest.mark.parametrize("member", ["order", "record"])
@pytest.mark.parametrize("number", EXTREMES, ids=lambda n: n[:9])
def test_no_number_stops_a_call(edition: Edition, number: str, member: str) -> None:
    """From the bytes of a call to its cards in words: whatever the number, an answer."""
    for drug in (zoledronic(None), denosumab(None)):
        stated = drug | {"dosageInstruction": [raw(number)]}
        body = request(stated)
        if member == "record":
            entry = {"resource": stated | {"id": "old", "status": "active", "authoredOn": "2026-01-01"}}
            body = request(
                zoledronic(), prefetch=prefetch(medicationRequests={"resourceType": "Bundle", "entry": [entry]})
            )
        call = encoded(body).replace(b'"@"', number.encode())
        for language in ("en", "zh-CN"):
            assert answer_body(edition, "bone-modifying-agents", call, NOW, language).findings is not None
