"""The two pieces of arithmetic behind the report: a rate with its interval, and whether a rate changed at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import exp, fsum, lgamma, log, log1p, sqrt
from statistics import NormalDist
from typing import Literal

Verdict = Literal["steady", "stopped", "exploded", "too-little"]

CONFIDENCE = 0.95
# An alarm is rare by chance (one-sided), and large enough to matter. Both, or a busy topic would alarm at any wobble.
ALARM_CHANCE = 0.001
ALARM_FACTOR = 2
_Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)
# A term this much smaller than the sum no longer changes a double.
_NEGLIGIBLE = 1e-17


@dataclass(frozen=True)
class Rate:
    """A proportion with the interval in which the true one lies in 95 of 100 reports. All from 0 to 1."""

    value: float
    low: float
    high: float


def wilson(count: int, of: int) -> Rate | None:
    """The proportion ``count / of`` with its Wilson score interval; None of nothing.

    E. B. Wilson, J Am Stat Assoc 1927;22:209-212. It stays within 0 and 1 and is honest for few cards, which the
    textbook interval (p plus or minus z standard errors) is not.
    """
    if of == 0:
        return None
    p, z2 = count / of, _Z * _Z
    middle = (p + z2 / (2 * of)) / (1 + z2 / of)
    half = _Z * sqrt(p * (1 - p) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    # At the ends the formula gives 0 and 1 exactly, the floating point nearly.
    return Rate(p, 0.0 if count == 0 else middle - half, 1.0 if count == of else middle + half)


@dataclass(frozen=True)
class Comparison:
    """Cards that fired and calls answered: in the last days of the period, and before them."""

    recent: int
    recent_calls: int
    before: int
    before_calls: int

    @property
    def verdict(self) -> Verdict:
        """Whether the topic stopped or exploded, calls taken into account."""
        if not (self.recent_calls and self.before_calls):
            return "too-little"
        # Multiplied out: exact, and no division by a rate of zero.
        now, then = self.recent * self.before_calls, self.before * self.recent_calls
        fired, share = self.recent + self.before, Fraction(self.recent_calls, self.recent_calls + self.before_calls)
        if ALARM_FACTOR * now <= then and at_most(self.recent, fired, share) < ALARM_CHANCE:
            return "stopped"
        if now >= ALARM_FACTOR * then and at_most(self.before, fired, 1 - share) < ALARM_CHANCE:
            return "exploded"
        return "steady"


def at_most(count: int, of: int, share: Fraction) -> float:
    """P(X <= count) for X binomial(of, share), 0 < share < 1.

    Two Poisson counts with equal rates per call, given their sum, are binomial with the share of the calls: the exact
    conditional test of J. Przyborowski & H. Wilenski, Biometrika 1940;31:313-323. P(X >= n) is the same of the rest.
    """
    if count >= of:
        return 1.0
    if count > of * share:
        # The far side is summed: its terms shrink, and nothing is lost to rounding.
        return 1.0 - fsum(_falling(of - count - 1, of, 1 - share))
    return min(1.0, fsum(_falling(count, of, share)))


def _falling(count: int, of: int, share: Fraction) -> Iterator[float]:
    """The binomial probabilities of count, count - 1, ... 0, until they no longer matter; count is below the mean.

    The first by logarithms, since the binomial coefficient of large counts exceeds a double; the others by the ratio of
    neighbours.
    """
    p, odds = float(share), float((1 - share) / share)
    logarithm = lgamma(of + 1) - lgamma(count + 1) - lgamma(of - count + 1) + count * log(p) + (of - count) * log1p(-p)
    term = first = exp(logarithm)
    while count >= 0 and term > first * _NEGLIGIBLE:
        yield term
        term *= count / (of - count + 1) * odds
        count -= 1
