"""A reference range that a laboratory sends as text: "2.11-2.52", "45～125 U/L". Of two numbers, or it is none."""

from __future__ import annotations

import re
from decimal import Decimal

from cds_service.facts.bounded import told
from cds_service.facts.units import LONGEST_NUMBER, LONGEST_UNIT
from cds_service.fhir.structs import Quantity

# Longer is a table of ranges for several kinds of people; for whom each is meant is not read.
LONGEST = 40
_NUMBER = rf"[0-9]{{1,{LONGEST_NUMBER}}}(?:\.[0-9]{{1,{LONGEST_NUMBER}}})?"
TO = r"(?:-{1,2}|~|[\u2013\u2014]{1,2}|至|到|to)"  # the dashes that laboratories print
_UNIT = rf"[^\s0-9,;:()\[\]][^\s,;:()\[\]]{{0,{LONGEST_UNIT}}}"
_TWO_NUMBERS = re.compile(rf"[(\[]? ?({_NUMBER}) ?{TO} ?({_NUMBER}) ?[)\]]? ?({_UNIT})?")


def two_numbers(text: str | None) -> tuple[Quantity, Quantity] | None:
    """Low and high of a range in words, each in the unit it names (None: that of the result); None where it is no
    range of two numbers. ``text``: as it came, of any length."""
    if not text or len(text) > LONGEST:
        return None
    found = _TWO_NUMBERS.fullmatch(told(text))
    if found is None:
        return None
    low, high, unit = found.groups()
    return Quantity(value=Decimal(low), unit=unit), Quantity(value=Decimal(high), unit=unit)
