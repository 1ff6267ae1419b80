"""Reading a Dosage: dose in mg, route, interval in days, infusion time in minutes, daily dose.

Nothing is guessed. A dose in text is read only when the text holds one unmistakable dose (``dose_text``); a dose in
pieces (支, vial) or in millilitres only when it is known what a piece or a millilitre holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from cds_service.base.kinds import Dose, RequestText, Route
from cds_service.facts.amounts import Amounts
from cds_service.facts.bounded import norm, told
from cds_service.facts.dose_text import Said, TextReader, only
from cds_service.facts.exact import bounded, number, plain
from cds_service.facts.infusion import InfusionText
from cds_service.facts.intervals import IntervalReader, additional
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.facts.routes import RouteReader
from cds_service.facts.tokens import Tokens
from cds_service.facts.units import LONGEST_NUMBER
from cds_service.fhir.structs import Dosage, DoseAndRate, Extension, Quantity, many
from cds_service.knowledge.dosing import Dosing

# Epic carries the dose of some orders only in this extension (open.epic.com, CDS Hooks); matched by its last segment.
ORDERED_DOSE = "ordered-dose"
# Codes of http://terminology.hl7.org/CodeSystem/dose-rate-type: the ordered dose is given, a calculated one proposed.
ORDERED, CALCULATED = "ordered", "calculated"
# An order with more is none that anybody wrote; its first ones alone could hide the largest dose.
MOST_DOSAGES = 20
# Laboratory and pump numbers with sixteen digits are computed with and shown short.
_SHOWN_PLACES = 4


@dataclass(frozen=True, slots=True)
class Dosed:
    """What one set of dosage instructions says. ``interval_high_days``: the longer end of a span, else the interval."""

    dose: Dose | None = None
    problem: str | None = None
    route: Route | None = None
    interval_days: Fraction | None = None
    interval_high_days: Fraction | None = None
    interval_shown: RequestText | None = None
    single: bool = False
    infusion_minutes: Fraction | None = None
    infusion_problem: str | None = None
    daily_mg: Fraction | None = None


class DoseReader:
    """Reads dosages with the spelling tables of ``cards/dosing.yaml``."""

    def __init__(self, dosing: Dosing) -> None:
        self._mg = {norm(u): f for u, f in dosing.milligrams.items()}
        self._amounts = Amounts(dosing)
        self.of_medication, self.mass = self._amounts.of_medication, self._amounts.mass
        self._routes, self.intervals = RouteReader(dosing), IntervalReader(dosing)
        self._infusions, self._texts = InfusionText(dosing), TextReader(Tokens(dosing))
        self._topical, self._injected = _forms(dosing.topical_forms), _forms(dosing.injected_forms)
        self._swallowed = _forms(dosing.swallowed_forms)
        mass = "|".join(sorted(map(re.escape, self._mg), key=len, reverse=True))
        digits = rf"[0-9]{{1,{LONGEST_NUMBER}}}"
        self._mass = re.compile(
            rf"(?<![0-9.\-~])(?<![0-9][,/])({digits}(?:\.{digits})?) ?({mass})(?![a-z])", re.IGNORECASE
        )

    def read(
        self, dosages: Iterable[Dosage], extensions: Iterable[Extension], piece: Piece = NOTHING_KNOWN, *,
        most: bool = False,
    ) -> Dosed:  # fmt: skip
        """One order's dosage instructions taken together; of several doses the largest counts.

        ``piece``: what is known of one piece of the product. ``most``: what may be taken at most is asked, so that of
        a span in words the upper end counts, and a volume alone (10 mL of a solution) too.
        """
        all_dosages = list(dosages)
        if len(all_dosages) > MOST_DOSAGES:
            return Dosed(problem="dose-text-unreadable")
        doses: list[Dose] = []
        problem: str | None = None
        for dosage in all_dosages:
            dose, why = self._dose(dosage, piece, most=most)
            problem = problem or why
            if dose:
                doses.append(dose)
        if not doses:
            doses = [d for d in (self._extension_dose(e, piece) for e in extensions) if d]
        dose = max(doses, key=lambda d: d.mg, default=None)
        spacing = self.intervals.read(all_dosages)
        interval = spacing.interval
        minutes, infusion_problem = self._infusion(all_dosages, dose)
        return Dosed(
            dose=dose,
            problem=None if dose else problem,
            route=next((r for r in (self._routes.read(d.route) for d in all_dosages) if r), None),
            interval_days=interval.low if interval else None,
            interval_high_days=interval.high if interval else None,
            interval_shown=interval.shown if interval else None,
            single=spacing.single,
            infusion_minutes=minutes,
            infusion_problem=infusion_problem,
            daily_mg=bounded(dose.mg / interval.low) if dose and interval else None,
        )

    def text_mass(self, text: str, piece: Piece = NOTHING_KNOWN) -> Fraction | None:
        """The dose a dosage's text names, in mg; None when it names none, several different ones, or a range."""
        return _said_mass(self._texts.read(told(text)), piece)

    def piece_of(self, text: str) -> Piece:
        """What a product's name says of one piece: its mass, its volume, its concentration."""
        said = self._texts.read(told(text))
        if said.unclear:
            return NOTHING_KNOWN
        return Piece(said.piece(), only(said.filled or said.volumes | said.drawn), only(said.concentrations))

    def piece_mass(self, text: str) -> Fraction | None:
        """The mass of one piece that a product's name states, in mg; the mass in a stated volume counts."""
        return self.piece_of(text).mg

    def topical(self, text: str) -> bool:
        """Whether a product's name says that it acts where it is put on."""
        return self._topical.search(told(text)) is not None

    def injected(self, text: str) -> bool:
        """Whether a product's name says that it is injected or infused."""
        return self._injected.search(told(text)) is not None

    def swallowed(self, text: str) -> bool:
        """Whether a product's name says that it is swallowed, and nothing else of how it is given."""
        line = told(text)
        return bool(self._swallowed.search(line)) and not self._injected.search(line) and not self._topical.search(line)

    def with_mass(self, text: str, old: Fraction, new: Fraction) -> str:
        """The dosage text with every mention of the old dose (mg) replaced by the new one.

        Where the old dose stands in it in another way ("2 vials of 4 mg"), the text becomes the new dose alone: it
        must never state another one than the order.
        """
        shown = f"{plain(new)} mg"

        def replaced(match: re.Match[str]) -> str:
            value = number(match.group(1))
            return shown if value and value * self._mg[norm(match.group(2))] == old else match.group(0)

        line = told(text)
        said = self._texts.read(line)
        if not line or said.contents:  # the volume of another dose
            return shown
        made = self._mass.sub(replaced, text)
        misleading = self.text_mass(text) == old or bool(said.pieces)
        return shown if misleading and self.text_mass(made) != new else made

    # The dose

    def _dose(self, dosage: Dosage, piece: Piece, *, most: bool) -> tuple[Dose | None, str | None]:
        if dose := self._structured(dosage, piece):
            return dose, None
        stated = next(self._stated(dosage), None)
        why = "dose-unit-unknown" if stated else None
        if dosage.text:
            said = self._texts.read(told(dosage.text), upper=most)
            # "4mg/支" in the text tells what one piece of the quantity holds.
            if piece.mg is None and said.each and (dose := self._structured(dosage, piece.known_from(said.each))):
                return dose, None
            if mg := _said_mass(said, piece) or (_poured_mass(said, piece) if most else None):
                return Dose(mg, False, RequestText(dosage.text)), None
        if why is None and any(_has_dose(each) for each in many(dosage.dose_and_rate)):
            why = "dose-calculated"
        return None, why or ("dose-text-unreadable" if dosage.text else None)

    def _structured(self, dosage: Dosage, piece: Piece) -> Dose | None:
        for equals in self._stated(dosage):
            if found := [d for each in equals if (d := self._of_entry(each, piece))]:
                return max(found, key=lambda d: d.mg)
        return next((d for d in (self._extension_dose(e, piece) for e in dosage.extension or []) if d), None)

    def _stated(self, dosage: Dosage) -> Iterator[list[DoseAndRate]]:
        """The doses of a dosage by rank: ordered, without a type, of another type; what was calculated is none."""
        bare = [DoseAndRate(None, dosage.dose_quantity, dosage.dose_range), DoseAndRate(None, dosage.dose)]
        ranked = [(_type(each), each) for each in [*many(dosage.dose_and_rate), *bare] if _has_dose(each)]
        yield from filter(None, ([e for kind, e in ranked if kind == wanted] for wanted in (ORDERED, "")))
        if others := [e for kind, e in ranked if kind not in (ORDERED, "", CALCULATED)]:
            yield others

    def _of_entry(self, each: DoseAndRate, piece: Piece) -> Dose | None:
        if each.dose_quantity and (mg := self._amounts.mass(each.dose_quantity, piece)):
            return Dose(mg, False, _shown(each.dose_quantity))
        upper = (each.dose_range.high or each.dose_range.low) if each.dose_range else None
        if upper and (mg := self._amounts.mass(upper, piece)):
            return Dose(mg, True, _shown(upper))
        return None

    def _extension_dose(self, extension: Extension, piece: Piece) -> Dose | None:
        nested = [extension, *(extension.extension or [])]
        if not norm(extension.url).rstrip("/").endswith(ORDERED_DOSE):
            return None
        for each in nested:
            mg = self._amounts.mass(each.value_quantity, piece) if each.value_quantity else None
            if each.value_quantity and mg:
                return Dose(mg, False, _shown(each.value_quantity))
        return None

    # The infusion

    def _infusion(self, dosages: list[Dosage], dose: Dose | None) -> tuple[Fraction | None, str | None]:
        """Of several stated times the shortest; where none is stated, the one of the texts."""
        stated = [m for m in (self._infused(d, dose) for d in dosages) if m]
        if stated:
            return min(stated), None
        said = self._infusions.read(line for dosage in dosages for line in map(told, _instructions(dosage)))
        return said.minutes, said.problem

    def _infused(self, dosage: Dosage, dose: Dose | None) -> Fraction | None:
        repeat = dosage.timing.repeat if dosage.timing else None
        if repeat and (minutes := self._amounts.minutes(repeat.duration, repeat.duration_unit)):
            return minutes
        if dose is None:
            return None
        bare = DoseAndRate(None, None, None, dosage.rate_quantity, dosage.rate_ratio)
        for each in [*many(dosage.dose_and_rate), bare]:
            if _type(each) != CALCULATED and (rate := self._amounts.rate(each)):
                return bounded(dose.mg / rate)
        return None


def _said_mass(said: Said, piece: Piece) -> Fraction | None:
    mg = said.dose(piece.mg) or said.measured_out(piece.labelled)
    return piece.labelled_near(mg, said.poured()) if mg else None


def _poured_mass(said: Said, piece: Piece) -> Fraction | None:
    ml = said.volume()
    concentration = piece.mg_per_ml or (piece.mg / piece.ml if piece.mg and piece.ml else None)
    return bounded(ml * concentration) if ml and concentration else None


def _type(each: DoseAndRate) -> str:
    """``ordered``, ``calculated``, another type's word, or nothing."""
    if each.type is None or isinstance(each.type, str):
        return norm(each.type)
    codings = each.type.codings()
    told_as = [*(c.code for c in codings), *(c.display for c in codings), each.type.codeable.text]
    return next((norm(t) for t in told_as if t), "")


def _has_dose(each: DoseAndRate) -> bool:
    return each.dose_quantity is not None or each.dose_range is not None


def _instructions(dosage: Dosage) -> Iterator[str]:
    yield from (text for text in (dosage.text, *additional(dosage)) if text)


def _forms(words: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(rf"\b{re.escape(f)}\b" if f.isascii() else re.escape(f) for f in words), re.IGNORECASE)


def _shown(quantity: Quantity) -> RequestText:
    value = quantity.value
    if value is not None and -int(value.as_tuple().exponent) > _SHOWN_PLACES:
        value = round(value, _SHOWN_PLACES).normalize()
    number_as_text = "" if value is None else f"{value:f}"
    return RequestText(f"{number_as_text} {quantity.unit or quantity.code or ''}".strip())
