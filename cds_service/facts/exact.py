"""Numbers of orders as exact values, within the size and length that a result may have (``units``).

What lies beyond is no dose, interval, strength or rate: it is unreadable, and never reaches arithmetic or a card.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from cds_service.facts.units import LARGEST_EXPONENT, LONGEST_NUMBER

_LARGEST = Fraction(10**LARGEST_EXPONENT)


def positive(value: Decimal | None) -> Fraction | None:
    """A decimal of the request above zero; None for anything else and for an absurd size or length."""
    if value is None or not value.is_finite() or value <= 0:
        return None
    if abs(value.adjusted()) > LARGEST_EXPONENT or len(str(value)) > LONGEST_NUMBER:
        return None
    return Fraction(value)


def number(digits: str) -> Fraction | None:
    """The same of digits found in a text: ``4``, ``0.5``; None for what is no such number."""
    if len(digits) > LONGEST_NUMBER:
        return None
    try:
        return positive(Decimal(digits))
    except InvalidOperation:
        return None


def bounded(value: Fraction | None) -> Fraction | None:
    """A computed value (a quotient of two numbers of the request), when its size still is one."""
    return value if value is not None and 1 / _LARGEST <= value <= _LARGEST else None


def plain(value: Fraction) -> str:
    """A number in few digits, for showing what an order says."""
    return f"{float(value):g}"
