"""A FHIR Quantity as an exact value in the canonical unit of its analyte, or the reason why not.

The factors are a closed table (``cards/measurements.yaml``), not a UCUM library: libraries read meq/L as mmol/L and
drop ``{1.73_m2}`` without a word.
"""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import NamedTuple

from cds_service.base.kinds import RequestText
from cds_service.base.numbers import compare
from cds_service.fhir.structs import Quantity
from cds_service.knowledge.measurements import Analyte, spelling

UCUM = frozenset({"http://unitsofmeasure.org", "https://unitsofmeasure.org", "urn:oid:2.16.840.1.113883.6.8"})

# Beyond these a number is no measurement, and an exact quotient of it could fill the memory (1e999999).
LARGEST_EXPONENT = 12
LONGEST_NUMBER = 40
LONGEST_UNIT = 60
LONGEST_SHOWN = 100  # of one part; what is longer is no result to quote
REMEMBERED = 8192  # values per analyte
LONGEST_REMEMBERED = 200  # as it is spelt, all its parts
MOST_DECIMALS, FIGURES = 3, 3
# A number as a machine writes it, in a text.
_LONG_NUMBER = re.compile(r"(?<![0-9.])[0-9]{1,12}\.[0-9]{4,25}(?![0-9.])")
# {1.73_m2} and [lb_av] are for machines.
_UCUM_MARKS = re.compile(r"[{}\[\]_]+")


class QuantityRead(NamedTuple):
    """What a quantity says of an analyte."""

    value: Fraction | str  # as ``converted``
    shown: str  # as ``shown``
    lab_unit: str  # in which it is compared with printed limits
    own: Fraction | None = None  # the value in it, where it is another than the analyte's


def quantity_read(quantity: Quantity, analyte: Analyte) -> QuantityRead:
    """All of a quantity. Results repeat few: what is spelt alike is read once and remembered."""
    spelt = (str(quantity.value), quantity.comparator, quantity.unit, quantity.code, quantity.system)
    known: QuantityRead | None = analyte.quantities.get(spelt)
    if known is None:
        known = _read(quantity, analyte)
        if sum(len(part or "") for part in spelt) <= LONGEST_REMEMBERED:
            if len(analyte.quantities) >= REMEMBERED:
                analyte.quantities.clear()
            analyte.quantities[spelt] = known
    return known


def _read(quantity: Quantity, analyte: Analyte) -> QuantityRead:
    value, words = converted(quantity, analyte), shown(quantity, analyte)
    if isinstance(value, str):
        return QuantityRead(value, words, analyte.unit)
    unit = laboratory_unit(quantity, analyte)
    return QuantityRead(value, words, unit, None if unit == analyte.unit else value / analyte.factor(unit))


def converted(quantity: Quantity, analyte: Analyte, fallback: Quantity | None = None) -> Fraction | str:
    """The value in ``analyte.unit``, or why it cannot be used (a key of the ``why_missing`` texts).

    ``fallback`` supplies the unit when the quantity states none (a bound of a reference range).
    """
    if quantity.value is None:
        return "no-value"
    if quantity.comparator:
        return "comparator"
    if not measurable(quantity.value):
        return "not-a-number"
    unit = unit_of(quantity) or (unit_of(fallback) if fallback else None)
    if unit and len(unit) > LONGEST_UNIT:  # before it becomes a key of what is remembered
        return "unit-unknown"
    # Results repeat few values in few units: exact arithmetic is done once for each and remembered. What depends on how
    # a number is written is judged before: 1 and 1.000…0 are one key.
    key = (quantity.value, unit)
    if (value := analyte.known.get(key)) is None:
        if len(analyte.known) >= REMEMBERED:
            analyte.known.clear()
        value = analyte.known[key] = _convert(quantity.value, unit, analyte)
    return value


def _convert(value: Decimal, unit: str | None, analyte: Analyte) -> Fraction | str:
    factor = factor_of(unit, analyte)
    if isinstance(factor, str):
        return factor
    exact = Fraction(value) if factor == 1 else Fraction(value) * factor
    return exact if plausible(exact, analyte) else "implausible"


def factor_of(unit: str | None, analyte: Analyte) -> Fraction | str:
    """The factor of a unit as spelt, or why there is none."""
    if not unit:
        return "unit-missing"
    if len(unit) > LONGEST_UNIT:
        return "unit-unknown"
    name = spelling(unit)
    factor = analyte.factors.get(name)
    if factor is not None:
        return factor
    return "unit-indexed" if name in analyte.per_surface else "unit-unknown"


def unit_of(quantity: Quantity) -> str | None:
    """What decides the unit: the UCUM code, else the unit as printed, else a code without a system."""
    code, system = (quantity.code or "").strip(), (quantity.system or "").rstrip("/")
    if code and system in UCUM:
        return code
    printed = (quantity.unit or "").strip()
    return printed or (code if not system else "") or None


def plausible(value: Fraction, analyte: Analyte) -> bool:
    """Whether a value lies in the analyte's plausible bounds, both included."""
    low, high = analyte.bounds
    return compare(low, value) <= 0 <= compare(high, value)


def measurable(value: Decimal) -> bool:
    """Whether a number is finite and of a size and length that a quantity of medicine can have: result or dose,
    interval or rate.

    To be asked before any exact arithmetic: ``Fraction`` of 1e999999 has a million digits.
    """
    return value.is_finite() and abs(value.adjusted()) <= LARGEST_EXPONENT and len(str(value)) <= LONGEST_NUMBER


def laboratory_unit(quantity: Quantity, analyte: Analyte) -> str:
    """The unit in which a result is compared with printed limits; the analyte's own where its unit is not known."""
    return analyte.laboratory.get(spelling(unit_of(quantity) or ""), analyte.unit)


def shown(quantity: Quantity, analyte: Analyte | None) -> str:
    """Comparator, value and unit as reported, as a laboratory prints them.

    In a unit of ours it is our own words; anything else is the request's text, without the brackets of UCUM.
    """
    value, unit = printed(quantity.value), unit_of(quantity) or ""
    known = analyte.printed.get(spelling(unit)) if analyte and len(unit) <= LONGEST_UNIT else None
    if known and not quantity.comparator:
        return f"{value} {known}".strip()
    words = known or _UCUM_MARKS.sub(" ", (quantity.unit or unit)[:LONGEST_SHOWN]).strip()
    comparator = (quantity.comparator or "")[:LONGEST_SHOWN]
    return RequestText(f"{comparator}{value} {words}".strip())


def shortened(text: str) -> str:
    """A text with the numbers in it as a laboratory prints them; of a long one its beginning."""
    return _LONG_NUMBER.sub(lambda number: printed(Decimal(number[0])), text[:LONGEST_SHOWN])


def printed(value: Decimal | None) -> str:
    """A number with as many decimals as a laboratory prints: a machine's tail is cut, half up."""
    if value is None:
        return ""
    if not measurable(value):
        return str(value)[:LONGEST_NUMBER]
    if -int(value.as_tuple().exponent) > MOST_DECIMALS:
        # Three figures at least, of a small number too.
        places = max(MOST_DECIMALS, FIGURES - 1 - value.adjusted())
        value = value.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
        return f"{value.normalize():f}"
    return f"{value:f}"
