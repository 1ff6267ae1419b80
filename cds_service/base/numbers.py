"""How numbers are written: exact, rounded half up, without a machine's tail."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction


def compare(one: Fraction, other: Fraction) -> int:
    """Below zero: the first is the smaller; 0: they are equal; above zero: it is the larger.

    In whole numbers. Fraction's own signs ask first what kind of number the other is, which costs several times as
    much; this is done for every result and every row of a table.
    """
    above, below = one.as_integer_ratio()
    other_above, other_below = other.as_integer_ratio()
    return above * other_below - other_above * below


def plain_number(value: Fraction | Decimal | int, places: int = 1) -> str:
    """A number to at most ``places`` decimals, half up, without trailing zeros: 7/2 -> "3.5", 4 -> "4"."""
    above, below = value.as_integer_ratio()
    if below == 1:  # most doses and limits
        return str(above)
    text = _written(_scaled(above, below, places), places, negative=above < 0)
    return text.rstrip("0").rstrip(".") if places else text


def fixed_number(value: Fraction | Decimal | int, places: int) -> str:
    """A number with exactly ``places`` decimals, half up: 21/10 -> "2.10"."""
    above, below = value.as_integer_ratio()
    return _written(_scaled(above, below, places), places, negative=above < 0)


# Every limit on a clearance is a multiple of ten from 30 to 80 (a test holds it); 29.96 would read as 30.0.
_LIMITS = range(30, 90, 10)


def clearance_number(value: Fraction) -> str:
    """One decimal, and more where one decimal would show a limit that the value is not."""
    above, below = value.as_integer_ratio()
    for places in range(1, 6):
        scaled = _scaled(above, below, places)
        whole, rest = divmod(scaled, 10**places)
        if rest or whole not in _LIMITS or scaled * below == abs(above) * 10**places:
            break
    return _written(scaled, places, negative=above < 0)


def _scaled(above: int, below: int, places: int) -> int:
    """A fraction in units of the last place, half up, without its sign.

    In whole numbers: a Decimal has 28 digits, and a client may send more.
    """
    tens: int = 10**places
    return (2 * abs(above) * tens + below) // (2 * below)


def _written(scaled: int, places: int, *, negative: bool) -> str:
    whole, rest = divmod(scaled, 10**places)
    sign = "-" if negative and scaled else ""
    return f"{sign}{whole}.{rest:0{places}d}" if places else f"{sign}{whole}"
