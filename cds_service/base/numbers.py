"""How numbers are written: exact, rounded half up, without a machine's tail."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache


@lru_cache(maxsize=4096)
def plain_number(value: Fraction | Decimal | int, places: int = 1) -> str:
    """A number to at most ``places`` decimals, half up, without trailing zeros: 7/2 -> "3.5", 4 -> "4".

    In whole numbers: a Decimal has 28 digits, and a client may send more.
    """
    above, below = value.as_integer_ratio()
    scaled = (2 * abs(above) * 10**places + below) // (2 * below)
    whole, rest = divmod(scaled, 10**places)
    decimals = f"{rest:0{places}d}".rstrip("0") if places else ""
    return f"{'-' if above < 0 and scaled else ''}{whole}{'.' if decimals else ''}{decimals}"


def fixed_number(value: Fraction | Decimal | int, places: int) -> str:
    """A number with exactly ``places`` decimals, half up: 21/10 -> "2.10"."""
    return f"{Decimal(plain_number(value, places)):.{places}f}"


# Every limit on a clearance is a multiple of ten from 30 to 80 (a test holds it); 29.96 would read as 30.0.
_LIMITS = range(30, 90, 10)


def clearance_number(value: Fraction) -> str:
    """One decimal, and more where one decimal would show a limit that the value is not."""
    text = ""
    for places in range(1, 6):
        text = f"{Decimal(plain_number(value, places)):.{places}f}"
        if Fraction(text) not in _LIMITS or Fraction(text) == value:
            break
    return text
