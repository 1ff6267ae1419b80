"""Reading a Dosage: dose in mg, route, interval in days, infusion time in minutes, daily dose.

Nothing is guessed. A dose in text is read only when the text holds one unmistakable number with a unit of mass; a dose
in pieces (支, vial) only when the strength of one piece is known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from cds_service.base.kinds import Dose, RequestText, Route
from cds_service.fhir.structs import CodeableConcept, Dosage, DoseAndRate, Extension, Quantity, many
from cds_service.knowledge.dosing import Dosing

SNOMED = "http://snomed.info/sct"
# Epic carries the dose of some orders only in this extension (open.epic.com, CDS Hooks); matched by its last segment.
ORDERED_DOSE = "ordered-dose"
# Larger or smaller magnitudes are no doses, and would make exact arithmetic explode.
_MAGNITUDE = 12

_NUMBER = r"(\d+(?:\.\d+)?)"
_EVERY = re.compile(
    rf"(?:(?<![a-z])q|every|每隔?|/)\s*{_NUMBER}?\s*(?:个)?\s*([a-z]+(?![a-z\d])|[天日周月年]|星期|小时)", re.IGNORECASE
)
# Not the rest of a longer number, a decimal comma ("3,5 mg"), a thousand ("1,500 mg") or a fraction ("1/4 mg").
_WHOLE = r"(?<![\d.\-~])(?<!\d[,/])"
# What a mass is "per" when it is a concentration, a rate, or a dose for the size of the body.
_PER = r"\s*/\s*(?:1(?:\.0+)?\s*)?(?:m?l(?![a-z])|毫?升|kg|公斤|m2|min|hr?(?![a-z])|hour|分|小时)"


@dataclass(frozen=True, slots=True)
class Dosed:
    """What one set of dosage instructions says."""

    dose: Dose | None = None
    problem: str | None = None
    route: Route | None = None
    interval_days: Fraction | None = None
    interval_shown: RequestText | None = None
    infusion_minutes: Fraction | None = None
    daily_mg: Fraction | None = None


def positive(value: Decimal | None) -> Fraction | None:
    """A decimal of the request as an exact number above zero; None for anything else and for an absurd magnitude."""
    if value is None or not value.is_finite() or value <= 0 or abs(value.adjusted()) > _MAGNITUDE:
        return None
    return Fraction(value)


def norm(text: str) -> str:
    """Text as spelling tables compare it: NFKC, lower case, trimmed."""
    return unicodedata.normalize("NFKC", text).strip().lower()


def _one_line(text: str) -> str:
    """Text in NFKC with single spaces: long runs of them would make the patterns slow."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


class DoseReader:
    """Reads dosages with the spelling tables of ``cards/dosing.yaml``."""

    def __init__(self, dosing: Dosing) -> None:
        self._mg = {norm(u): f for u, f in dosing.milligrams.items()}
        self._minutes = {norm(u): f for u, f in dosing.minutes.items()}
        self._days = {norm(u): f for u, f in dosing.days.items()}
        self._pieces = frozenset(norm(u) for u in dosing.pieces)
        self._routes = dosing.routes
        forms = "|".join(rf"\b{re.escape(f)}\b" if f.isascii() else re.escape(f) for f in dosing.topical_forms)
        self._topical = re.compile(forms, re.IGNORECASE)
        mass = "|".join(sorted(map(re.escape, self._mg), key=len, reverse=True))
        # A name's "4 mg/100 mL" and "4mg×1支" state what one piece holds. In a dosage they leave the dose open, while
        # "4mg/次" and "4 mg/dose" are doses.
        self._piece = re.compile(rf"{_WHOLE}{_NUMBER}\s*({mass})(?![a-z]|{_PER})", re.IGNORECASE)
        self._mass = re.compile(rf"{_WHOLE}{_NUMBER}\s*({mass})(?![a-z]|{_PER}|\s*/\s*\d|\s*[x×*]\s*\d)", re.IGNORECASE)
        self._range = re.compile(
            rf"\d\s*(?:{mass})?\s*(?:[-~‐–—−〜至到]|to\b)\s*{_NUMBER}\s*(?:{mass})(?![a-z])", re.IGNORECASE
        )

    def read(self, dosages: Iterable[Dosage], extensions: Iterable[Extension], strength: Fraction | None) -> Dosed:
        """One order's dosage instructions taken together; of several doses the largest counts.

        ``strength``: mg of one piece of the product, where known.
        """
        all_dosages = list(dosages)
        doses: list[Dose] = []
        problem: str | None = None
        for dosage in all_dosages:
            dose, why = self._dose(dosage, strength)
            problem = problem or why
            if dose:
                doses.append(dose)
        if not doses:
            doses = [d for d in (self._extension_dose(e, strength) for e in extensions) if d]
        dose = max(doses, key=lambda d: d.mg, default=None)
        interval, shown = self._interval(all_dosages)
        return Dosed(
            dose=dose,
            problem=None if dose else problem,
            route=next((r for r in map(self._route, all_dosages) if r), None),
            interval_days=interval,
            interval_shown=shown,
            infusion_minutes=next((m for m in (self._infusion(d, dose) for d in all_dosages) if m), None),
            daily_mg=dose.mg / interval if dose and interval else None,
        )

    def text_mass(self, text: str) -> Fraction | None:
        """The dose a dosage's text names, in mg; None when it names none, several different ones, or a range."""
        return self._one_mass(self._mass, text)

    def topical(self, text: str) -> bool:
        """Whether a product's name says that it acts where it is put on."""
        return self._topical.search(unicodedata.normalize("NFKC", text)) is not None

    def with_mass(self, text: str, old: Fraction, new: Fraction) -> str:
        """The dosage text with every mention of the old dose (mg) replaced by the new one; else as it was."""

        def replaced(match: re.Match[str]) -> str:
            number, unit = match.group(1, 2)
            mg = Fraction(number) * self._mg[norm(unit)]
            return match.group(0) if mg != old else f"{float(new):g} mg"

        return self._mass.sub(replaced, text)

    def piece_mass(self, text: str) -> Fraction | None:
        """The mass of one piece that a product's name states, in mg; the mass in a stated volume counts."""
        return self._one_mass(self._piece, text)

    def _one_mass(self, pattern: re.Pattern[str], text: str) -> Fraction | None:
        plain = _one_line(text)
        if self._range.search(plain):
            return None
        found = {Fraction(n) * self._mg[norm(u)] for n, u in pattern.findall(plain)}
        return found.pop() if len(found) == 1 else None

    def _dose(self, dosage: Dosage, strength: Fraction | None) -> tuple[Dose | None, str | None]:
        why: str | None = None
        for quantity, is_range in self._quantities(dosage):
            mg = self._mass_of(quantity, strength)
            if mg:
                return Dose(mg, is_range, _shown(quantity)), None
            why = "dose-unit-unknown"
        for extension in dosage.extension or []:
            if found := self._extension_dose(extension, strength):
                return found, None
        if dosage.text and (mg := self.text_mass(dosage.text)):
            return Dose(mg, False, RequestText(dosage.text)), None
        return None, why or ("dose-text-unreadable" if dosage.text else None)

    def _quantities(self, dosage: Dosage) -> Iterator[tuple[Quantity, bool]]:
        stated = [*many(dosage.dose_and_rate), DoseAndRate(dosage.dose_quantity, dosage.dose_range)]
        for each in stated:
            if each.dose_quantity:
                yield each.dose_quantity, False
            if each.dose_range and (upper := each.dose_range.high or each.dose_range.low):
                yield upper, True
        if dosage.dose:
            yield dosage.dose, False

    def _mass_of(self, quantity: Quantity, strength: Fraction | None) -> Fraction | None:
        value = positive(quantity.value)
        if value is None or quantity.comparator:
            return None
        for unit in (quantity.code, quantity.unit):
            if unit and (factor := self._mg.get(norm(unit))):
                return value * factor
        pieces = [u for u in (quantity.code, quantity.unit) if u and norm(u) in self._pieces]
        return value * strength if pieces and strength else None

    def _extension_dose(self, extension: Extension, strength: Fraction | None) -> Dose | None:
        nested = [extension, *(extension.extension or [])]
        if not (extension.url or "").rstrip("/").endswith(ORDERED_DOSE):
            return None
        for each in nested:
            mg = self._mass_of(each.value_quantity, strength) if each.value_quantity else None
            if each.value_quantity and mg:
                return Dose(mg, False, _shown(each.value_quantity))
        return None

    def _route(self, dosage: Dosage) -> Route | None:
        if dosage.route is None:
            return None
        said = _words(dosage.route)
        snomed = {c.code for c in dosage.route.codings() if c.code}
        for name, known in self._routes.items():
            if snomed & set(known.snomed) or any(w in {norm(n) for n in known.names} for w in said):
                return name  # type: ignore[return-value]  # the keys of dosing.yaml are the routes
        for name, known in self._routes.items():
            if any(norm(n) in w for n in known.names if len(n) > 3 or not n.isascii() for w in said):
                return name  # type: ignore[return-value]
        return "other" if said or snomed else None

    def _interval(self, dosages: list[Dosage]) -> tuple[Fraction | None, RequestText | None]:
        for dosage in dosages:
            repeat = dosage.timing.repeat if dosage.timing else None
            if repeat and repeat.period is not None and repeat.period_unit:
                unit = self._days.get(norm(repeat.period_unit))
                times = positive(repeat.frequency) if repeat.frequency is not None else Fraction(1)
                period = positive(repeat.period)
                if unit and times and period:
                    often = "" if times == 1 else f"{_plain(times)} × / "
                    shown = f"{often}{_plain(period)} {repeat.period_unit}"
                    return period * unit / times, RequestText(shown)
        for text in self._timing_texts(dosages):
            for match in _EVERY.finditer(_one_line(text)):
                unit = self._days.get(norm(match.group(2)))
                rate = match.group(0).startswith("/") and unit is not None and unit < 1  # 16 mg/h is no interval
                if unit and not rate and (count := Fraction(match.group(1) or 1)):
                    return count * unit, RequestText(match.group(0))
        return None, None

    def _timing_texts(self, dosages: list[Dosage]) -> Iterator[str]:
        for dosage in dosages:
            if dosage.timing and dosage.timing.code:
                yield from (t for t in (c.code or c.display for c in dosage.timing.code.codings()) if t)
                if dosage.timing.code.text:
                    yield dosage.timing.code.text
            if dosage.text:
                yield dosage.text

    def _infusion(self, dosage: Dosage, dose: Dose | None) -> Fraction | None:
        repeat = dosage.timing.repeat if dosage.timing else None
        if repeat and repeat.duration is not None and repeat.duration_unit:
            unit, length = self._minutes.get(norm(repeat.duration_unit)), positive(repeat.duration)
            if unit and length:
                return length * unit
        if dose is None:
            return None
        for each in [*many(dosage.dose_and_rate), DoseAndRate(None, None, dosage.rate_quantity, dosage.rate_ratio)]:
            if rate := self._rate(each):
                return dose.mg / rate
        return None

    def _rate(self, each: DoseAndRate) -> Fraction | None:
        """mg per minute, where the rate is one of mass; a volume rate says nothing without the concentration."""
        if each.rate_ratio and each.rate_ratio.numerator and each.rate_ratio.denominator:
            mass = self._mass_of(each.rate_ratio.numerator, None)
            time = each.rate_ratio.denominator
            unit = next(
                (self._minutes[norm(u)] for u in (time.code, time.unit) if u and norm(u) in self._minutes), None
            )
            span = positive(time.value)
            return mass / (span * unit) if mass and span and unit else None
        quantity = each.rate_quantity
        for text in (quantity.code, quantity.unit) if quantity else ():
            mass_unit, _, time_unit = norm(text or "").partition("/")
            factor, per, value = (
                self._mg.get(mass_unit),
                self._minutes.get(time_unit),
                positive(quantity.value if quantity else None),
            )
            if factor and per and value:
                return value * factor / per
        return None


def _words(concept: CodeableConcept) -> list[str]:
    texts = [concept.text, *(t for c in concept.codings() for t in (c.code, c.display))]
    return [norm(t) for t in texts if t]


def _shown(quantity: Quantity) -> RequestText:
    return RequestText(f"{quantity.value} {quantity.unit or quantity.code or ''}".strip())


def _plain(value: Fraction) -> str:
    return f"{float(value):g}"
