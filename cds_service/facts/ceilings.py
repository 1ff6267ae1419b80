"""The most that may be taken a day, where a dosage states it: ``maxDosePerPeriod``, or a limit in words."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from cds_service.facts.bounded import told
from cds_service.facts.doses import DoseReader
from cds_service.facts.exact import bounded
from cds_service.facts.intervals import instructions
from cds_service.facts.pieces import Piece
from cds_service.facts.tokens import NEAR, Term, Tokens
from cds_service.fhir.structs import Dosage
from cds_service.fhir.undecoded import ratios
from cds_service.knowledge.dosing import Dosing

# How many may stand between the hours of a day and "max" (24小时内用药次数不超过).
FAR = 6
DAILY = frozenset({"daily"})
HOURS = Fraction(24)  # of a day


class Ceilings:
    """Reads them with the spelling tables of ``cards/dosing.yaml``."""

    def __init__(self, dosing: Dosing, doses: DoseReader) -> None:
        self._tokens, self._doses = Tokens(dosing), doses
        self._days = {u for u, days in dosing.days.items() if days == 1}
        self._hours = {u for u, minutes in dosing.minutes.items() if minutes == dosing.minutes["h"]}

    def read(self, dosage: Dosage, piece: Piece, dose: Fraction | None = None, *, alone: bool) -> Fraction | None:
        """mg a day; of several the lowest. ``alone``: the product has one ingredient, so that a mass is its own.
        ``dose``: mg of a single one, for a limit in doses (24小时不超过4次)."""
        found = [*self._stated(dosage, piece, alone=alone)]
        for line in instructions(dosage):
            found += self._said(told(line), piece, dose, alone=alone)
        return min(found, default=None)

    def _stated(self, dosage: Dosage, piece: Piece, *, alone: bool) -> Iterator[Fraction]:
        for ratio in ratios(dosage.max_dose_per_period):
            if ratio.numerator is None:
                continue
            days = self._doses.intervals.length(ratio.denominator)
            mass = None if not alone and self._doses.mass(ratio.numerator) else self._doses.mass(ratio.numerator, piece)
            if days and mass and (a_day := bounded(mass / days)):
                yield a_day

    def _said(self, line: str, piece: Piece, dose: Fraction | None, *, alone: bool) -> Iterator[Fraction]:
        terms = self._tokens.terms(line)
        for at, term in enumerate(terms):
            if term.kind != "limit":
                continue
            behind = [n for n in range(at + 1, min(at + NEAR + 1, len(terms))) if terms[n].kind != "colon"]
            amount = next((n for n in behind[: NEAR - 1] if _counts(terms, n)), None)
            if amount is None or not self._a_day(terms, at, amount):
                continue
            found = terms[amount]
            if found.kind == "mass" and alone and found.value:
                yield found.value
            elif found.kind == "piece" and piece.mg and found.value:
                yield found.value * piece.mg
            elif found.kind == "giving" and dose and found.value:
                yield found.value * dose

    def _a_day(self, terms: list[Term], limit: int, amount: int) -> bool:
        """Whether the limit is one of a day: "max 4 g/day", "in 24 h", 每日不超过4g."""
        behind = terms[amount + 1 : amount + 1 + NEAR]
        if behind and behind[0].word in DAILY:
            return True
        if behind and (behind[0].kind in ("per", "in") or behind[0].word == "a"):
            unit = next((t for t in behind[1:] if t.kind in ("calendar", "clock", "number")), None)
            return unit is not None and self._is_day(unit)
        before = terms[max(0, limit - NEAR) : amount]
        days = [t for t in before if t.kind == "calendar"]
        return any(map(self._is_day, (*days, *_hours(terms, limit)))) or any(t.word in DAILY for t in before)

    def _is_day(self, term: Term) -> bool:
        if term.word in self._days:
            return term.value in (None, 1)
        return term.value == HOURS and term.word in self._hours


def _hours(terms: list[Term], limit: int) -> list[Term]:
    """The hours of a limit, before it: 24小时内不超过4次, 24小时总量不超过4g. A stop or a number ends the search."""
    for term in reversed(terms[max(0, limit - FAR) : limit]):
        if term.kind == "clock":
            return [term]
        if term.kind == "stop" or term.value is not None:
            break
    return []


def _counts(terms: list[Term], at: int) -> bool:
    """Whether it is an amount, or a number of doses ("max 4 doses a day"; "max 2 times 3 g" names a mass)."""
    masses = {term.kind for term in terms[at + 1 : at + 2]} & {"mass", "piece"}
    kinds = ("mass", "piece") if masses else ("mass", "piece", "giving")
    return terms[at].kind in kinds and terms[at].value is not None
