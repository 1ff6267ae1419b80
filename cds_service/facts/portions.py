"""How much of an analgesic a day: each active ingredient of a product by itself, what is regular and what is as needed.

A dose in pieces tells every ingredient whose strength is known. A dose of a combination in milligrams says nothing:
nobody knows of which ingredient. What is not known is told with its reason, never taken for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import msgspec

from cds_service.base.kinds import Route
from cds_service.facts.bounded import norm, told
from cds_service.facts.ceilings import Ceilings
from cds_service.facts.doses import Dosed, DoseReader
from cds_service.facts.exact import bounded, number
from cds_service.facts.intervals import instructions
from cds_service.facts.moments import Moments
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.facts.units import LONGEST_NUMBER
from cds_service.fhir.structs import Dosage, Extension, many
from cds_service.knowledge.dosing import Dosing

Form = Literal["oral", "parenteral", "transdermal", "transmucosal", "rectal", "other", "unstated"]
FORMS: tuple[Form, ...] = ("parenteral", "transdermal", "transmucosal", "rectal")  # flags of the code lists
_SOME = Piece(mg=Fraction(1), ml=Fraction(1), mg_per_ml=Fraction(1))  # of which a dose is a dose, whatever it holds


@dataclass(frozen=True, slots=True)
class Portion:
    """One active ingredient of a product: mg a day.

    ``regular``: of what is not as needed; ``most``: with every "as needed" as often as it allows. None: not known, and
    ``why``. ``dose``: the largest single one. ``concept`` is the code list's.
    """

    concept: str
    ingredient: str
    regular: Fraction | None = None
    most: Fraction | None = None
    dose: Fraction | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class Daily:
    """What one order, prescription or statement gives a day.

    ``as_needed``: nothing of it is regular. ``rate``: μg/h of the patches worn at one time; ``rate_why``: why that is
    not known of a patch.
    """

    portions: tuple[Portion, ...] = ()
    as_needed: bool = False
    form: Form = "unstated"
    rate: Fraction | None = None
    rate_why: str | None = None

    def of(self, concept: str) -> Iterator[Portion]:
        """The portions of one code list."""
        return (p for p in self.portions if p.concept == concept)


@dataclass(frozen=True, slots=True)
class Ingredient:
    """An ingredient to be read: what a piece holds of it. ``alone``: the product has no other."""

    concept: str
    name: str
    piece: Piece
    flags: frozenset[str] = frozenset()
    alone: bool = True


@dataclass(frozen=True, slots=True)
class _Part:
    """What one dosage gives of one ingredient."""

    regular: Fraction | None
    most: Fraction | None
    dose: Fraction | None
    why: str | None = None
    sequence: str = ""


class PortionReader:
    """Reads daily amounts with the spelling tables of ``cards/dosing.yaml``."""

    def __init__(self, dosing: Dosing, doses: DoseReader) -> None:
        self._doses, self._ceilings = doses, Ceilings(dosing, doses)
        words = map(norm, dosing.as_needed_words)
        self._as_needed = re.compile("|".join(rf"(?<![a-z]){w}(?![a-z])" if w.isascii() else w for w in words))
        # In any order: what has to follow a unit leaves one that fits.
        mass = "|".join(re.escape(norm(u)) for u in dosing.milligrams)
        hours = [u for u, minutes in dosing.minutes.items() if minutes == dosing.minutes["h"]]
        hour = "|".join(re.escape(norm(u)) for u in hours)
        self._micrograms = {norm(u): f * 1000 for u, f in dosing.milligrams.items()}
        digits = rf"[0-9]{{1,{LONGEST_NUMBER}}}(?:\.[0-9]{{1,{LONGEST_NUMBER}}})?"
        self._rate = re.compile(rf"(?<![0-9.,\-~])({digits}) ?({mass}) ?/ ?(?:{hour})(?![a-z])")
        forms = (re.escape(f) for f in map(norm, dosing.patch_forms))
        self._patch = re.compile("|".join(rf"\b{f}\b" if f.isascii() else f for f in forms))
        self._patches = frozenset(map(norm, dosing.patch_units)) | frozenset(map(norm, dosing.pieces))
        units = "|".join(sorted((re.escape(u) for u in self._patches if not u.isdigit()), key=len, reverse=True))
        amounts = "|".join(map(re.escape, dosing.numbers))
        self._worn_at_once = re.compile(rf"(?<![0-9.a-z])({digits}|{amounts}) ?(?:{units})(?![a-z])")
        self._numbers = {norm(word): Fraction(n) for word, n in dosing.numbers.items()}
        self._moments, self._shares = Moments(dosing), dosing.shares
        self._patch_days = Fraction(dosing.patch_hours, 24)

    def read(
        self,
        ingredients: Sequence[Ingredient],
        dosages: Sequence[Dosage],
        extensions: Sequence[Extension],
        names: Iterable[str],
        route: Route | None,
        *,
        injected: bool,
    ) -> Daily:
        """The daily amounts. ``names``: all that the product is called, strengths of its codes among it."""
        called = list(names)
        lines = [line for dosage in dosages for line in instructions(dosage)]
        worn = any(self._patch.search(told(text)) for text in (*called, *lines))
        form = _form(ingredients, route, injected=injected, worn=worn)
        parts = [part for dosage in dosages for part in self._parts(dosage)]
        portions = tuple(self._portion(i, parts, extensions) for i in ingredients)
        as_needed = bool(parts) and all(map(self.as_needed, parts))
        if form != "transdermal":
            return Daily(portions, as_needed, form)
        rate = self._worn(dosages, called)
        return Daily(portions, as_needed, form, *((None, rate) if isinstance(rate, str) else (rate, None)))

    def as_needed(self, dosage: Dosage) -> bool:
        """Whether a dosage is taken as needed, in a member or in words."""
        stated = (dosage.as_needed_boolean, dosage.as_needed)
        if any(str(each).casefold() == "true" for each in stated):
            return True
        if dosage.as_needed_codeable_concept or dosage.as_needed_for:
            return True
        return any(self._as_needed.search(told(line)) for line in instructions(dosage))

    def _parts(self, dosage: Dosage) -> Iterator[Dosage]:
        """The dosages that one text holds ("30 mg q12h and 10 mg prn"); itself where structure tells any of it."""
        stated = (dosage.dose_and_rate, dosage.dose_quantity, dosage.dose_range, dosage.dose, dosage.timing)
        line = "" if any(stated) else told(dosage.text)
        if line:
            yield from (msgspec.structs.replace(dosage, text=part) for part in self._moments.parts(line, self._tells))
        else:
            yield dosage

    def _tells(self, part: str) -> bool:
        """Whether a part of a text tells a dose, and when or that it is as needed."""
        dosage = Dosage(text=part)
        if self._ceilings.read(dosage, _SOME, alone=True):
            return False  # the most a day is no dosage of its own
        dosed = self._doses.read([dosage], (), _SOME, most=True)
        when = dosed.interval_days or self._moments.count(part) or self.as_needed(dosage)
        return bool(dosed.dose and when)

    # One ingredient

    def _portion(self, ingredient: Ingredient, dosages: Sequence[Dosage], extensions: Sequence[Extension]) -> Portion:
        if not dosages and not extensions:
            return Portion(ingredient.concept, ingredient.name, why="dose-unknown")
        parts = [self._part(ingredient, d, extensions if len(dosages) <= 1 else ()) for d in dosages or [Dosage()]]
        why = next((part.why for part in parts if part.why), None)
        dose = max((part.dose for part in parts if part.dose), default=None)
        if why:
            return Portion(ingredient.concept, ingredient.name, dose=dose, why=why)
        return Portion(ingredient.concept, ingredient.name, _sum(parts, "regular"), _sum(parts, "most"), dose)

    def _part(self, ingredient: Ingredient, dosage: Dosage, extensions: Sequence[Extension]) -> _Part:
        dosed = self._doses.read([dosage], extensions, ingredient.piece, most=True)
        mg, sequence = self._milligrams(ingredient, dosage, extensions, dosed), str(dosage.sequence or "")
        if isinstance(mg, str):
            return _Part(None, None, None, mg)
        as_needed = self.as_needed(dosage)
        mg *= self._shares.get(ingredient.name, 1)
        times = self._times(dosage, dosed)
        full = bounded(mg * times) if times else None
        ceiling = self._ceilings.read(dosage, ingredient.piece, mg, alone=ingredient.alone)
        # A limit beside a regular dose is not what is ordered, and one above what the interval allows (a product's
        # usual 4 g) is never reached; where how often cannot be read it is the most.
        most = full or ceiling
        if as_needed and ceiling and most:
            most = ceiling if dosed.single else min(ceiling, most)
        if most is None:
            return _Part(None, None, mg, "frequency-unknown")
        return _Part(Fraction(0) if as_needed else most, most, mg, sequence=sequence)

    def _milligrams(
        self, ingredient: Ingredient, dosage: Dosage, extensions: Sequence[Extension], dosed: Dosed
    ) -> Fraction | str:
        """The single dose of an ingredient, or why it is not known."""
        if ingredient.alone:
            return dosed.dose.mg if dosed.dose else "dose-unknown"
        if ingredient.piece == NOTHING_KNOWN:
            return "strength-unknown"
        if self._doses.read([dosage], extensions, NOTHING_KNOWN, most=True).dose:
            return "dose-of-combination"
        return dosed.dose.mg if dosed.dose else "dose-unknown"

    def _times(self, dosage: Dosage, dosed: Dosed) -> Fraction | None:
        """How often a day at most; once for a single dose. Moments named beside a day's interval count each."""
        if dosed.single:
            return Fraction(1)
        repeat = dosage.timing.repeat if dosage.timing else None
        stated = (repeat.time_of_day, repeat.when) if repeat else ()
        named = [len(each) for each in stated if isinstance(each, list)]
        named += [self._moments.count(told(line)) for line in instructions(dosage)]
        often = 1 / dosed.interval_days if dosed.interval_days else None
        return max(often or Fraction(0), Fraction(max(named, default=0))) or None

    # Patches

    def _worn(self, dosages: Sequence[Dosage], names: Iterable[str]) -> Fraction | str:
        """μg/h of the patches worn at one time: one changed as often as the order says; or why it is not known."""
        texts = [*names, *(line for d in dosages for line in instructions(d))]
        rates = {rate for text in texts for rate in self._rates(text)}
        if len(dosages) != 1:
            return "patch-dose-unknown"
        (dosage,) = dosages
        interval = self._doses.intervals.read(dosages).interval
        if interval is None or interval.low != self._patch_days or interval.high != self._patch_days:
            return "patch-interval"
        count = self._count(dosage)
        if count is None:
            return "patch-dose-unknown"
        for each in many(dosage.dose_and_rate):
            quantity = each.dose_quantity
            if quantity is None or quantity.value is None:
                continue
            unit = norm(quantity.code or quantity.unit)
            if found := list(self._rates(f"{quantity.value} {quantity.unit or quantity.code}")):
                rates.add(found[0])
            elif norm(quantity.unit) in self._patches or unit in self._patches:
                count = number(str(quantity.value)) or count
        if len(rates) != 1:
            return "patch-rate-unknown"
        return rates.pop() * count

    def _count(self, dosage: Dosage) -> Fraction | None:
        """How many patches a text says are worn at once, one where it says none; None for several numbers."""
        counted = [m[1] for line in instructions(dosage) for m in self._worn_at_once.finditer(told(line))]
        found = {self._numbers.get(each) or number(each) for each in counted} or {Fraction(1)}
        return found.pop() if len(found) == 1 else None

    def _rates(self, text: str) -> Iterator[Fraction]:
        for match in self._rate.finditer(told(text)):
            if value := number(match[1]):
                yield value * self._micrograms[match[2]]


def _sum(parts: Sequence[_Part], member: str) -> Fraction:
    """Of dosages one after the other the largest, of those at one time the sum."""
    sums: dict[str, Fraction] = {}
    for part in parts:
        sums[part.sequence] = sums.get(part.sequence, Fraction(0)) + (getattr(part, member) or Fraction(0))
    return max(sums.values())


def _form(ingredients: Sequence[Ingredient], route: Route | None, *, injected: bool, worn: bool) -> Form:
    """How it is given: by the stated route, else as the code list or the product's name says."""
    flags = {flag for i in ingredients for flag in i.flags}
    if route in ("intravenous", "subcutaneous"):
        return "parenteral"
    if route == "oral":
        return "transmucosal" if "transmucosal" in flags else "oral"
    if route == "topical":
        return "transdermal"
    listed: Form | None = next((form for form in FORMS if form in flags), None)
    if route == "other":
        return listed or "other"
    return listed or ("transdermal" if worn else "parenteral" if injected else "unstated")
