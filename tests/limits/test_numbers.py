"""No number stops a call: too large, too long or too small to be a quantity, it is one that cannot be read."""

from __future__ import annotations

from decimal import Decimal

import pytest

from cds_service.call.problems import CallProblem, RuleFailed
from cds_service.edition import Edition
from cds_service.facts.units import measurable
from cds_service.fhir.structs import Resource
from cds_service.tools.asking import answer_body
from tests.build import NOW, encoded
from tests.limits.calls import calls
from tests.limits.members import RESOURCES, members, with_member

NUMBERS = {
    "31 digits": "1234567890123456789012345678901",
    "5,000 digits": "9" * 5_000,
    "5,000 decimals": "4." + "1" * 5_000,
    "huge": "1e999999",
    "beyond a double": "1e400",
    "tiny": "1e-999999",
    "zero with an exponent": "0e999999",
    "negative": "-4",
    "zero": "0",
    "12 digits": "999999999999",
}
_HERE = "the number goes here"


@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
@pytest.mark.parametrize("kind", [k for k in RESOURCES if members(k, Decimal)], ids=lambda kind: kind.__name__)
def test_no_number_of_a_resource_is_a_fault(edition: Edition, kind: type[Resource], number: str) -> None:
    for path in members(kind, Decimal):
        for where, body in calls(kind, lambda given, path=path: with_member(given, path, _HERE)).items():
            sent = encoded(body).replace(f'"{_HERE}"'.encode(), number.encode())
            assert number.encode() in sent
            try:
                answer_body(edition, "bone-modifying-agents", sent, NOW, "en")
            except RuleFailed:
                pytest.fail(f"{where}: {path}")
            except CallProblem:
                pass


@pytest.mark.parametrize(
    ("number", "fits"),
    [("999999999999.9", True), ("1E12", True), ("1E13", False), ("1E-12", True), ("1E-13", False), ("0", True),
     ("1." + "0" * 38, True), ("1." + "0" * 39, False), ("NaN", False), ("Infinity", False), ("1E999999", False)],
)  # fmt: skip
def test_what_a_quantity_of_medicine_can_be(number: str, fits: bool) -> None:
    assert measurable(Decimal(number)) is fits
