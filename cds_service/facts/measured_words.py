"""What stands of a value or its unit in words.

A body weight or height as a number with its unit, or two ("5 ft 10 in", 1米75): the whole text, or none. The unit in
the name of a result whose value has none: 体重(kg), "Creatinine [umol/L]".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from cds_service.base.kinds import RequestText
from cds_service.facts.bounded import told
from cds_service.facts.units import LONGEST_NUMBER, QuantityRead, plausible
from cds_service.knowledge.measurements import Analyte, spelling

# Longer is a note.
LONGEST = 40
LONGEST_NAME = 200
HUNDREDTH = Fraction(1, 100)
_NUMBER = rf"[0-9]{{1,{LONGEST_NUMBER}}}(?:\.[0-9]{{1,{LONGEST_NUMBER}}})?"
_MEASURED = re.compile(rf"({_NUMBER}) ?([^0-9 ,]{{1,12}})(?: ?,? ?([0-9]{{1,2}})(?: ?([^0-9 ,]{{1,12}}))?)?")
_IN_NAME = re.compile(r"[(\[]([^()\[\]]{1,20})[)\]]")


def unit_in_name(names: Iterable[str], analyte: Analyte) -> str | None:
    """The unit of this analyte that the names of a result give in brackets; None where they give none, or two."""
    told = {
        unit
        for name in names
        for unit in _IN_NAME.findall(unicodedata.normalize("NFKC", name[:LONGEST_NAME]))
        if spelling(unit) in analyte.factors
    }
    return told.pop() if len({analyte.factors[spelling(u)] for u in told}) == 1 else None


def measured(text: str, analyte: Analyte) -> QuantityRead | None:
    """What a value in words says of an analyte that may be told so; None where it is no number with a unit of it."""
    if not analyte.in_words or len(text) > LONGEST:
        return None
    match = _MEASURED.fullmatch(told(text))
    value = _value(match, analyte) if match else None
    if value is None:
        return None
    return QuantityRead(value if plausible(value, analyte) else "implausible", RequestText(text.strip()), analyte.unit)


def _value(match: re.Match[str], analyte: Analyte) -> Fraction | None:
    """Both parts together; the second is in a smaller unit, without one in hundredths (1米75)."""
    first = analyte.factors.get(spelling(match[2]))
    if first is None:
        return None
    value = Fraction(Decimal(match[1])) * first
    if match[3] is None:
        return value
    second = analyte.factors.get(spelling(match[4])) if match[4] else _hundredth(first, match, analyte)
    more = None if second is None else int(match[3]) * second
    return value + more if more is not None and more < first and "." not in match[1] else None


def _hundredth(first: Fraction, match: re.Match[str], analyte: Analyte) -> Fraction | None:
    factor = first * HUNDREDTH
    return factor if len(match[3]) == 2 and factor in analyte.factors.values() else None
