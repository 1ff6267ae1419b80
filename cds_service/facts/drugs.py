"""Which drug an order, a prescription or an administration is for, and which product of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.base.kinds import DrugGroup, RequestText
from cds_service.facts.doses import Dosed, DoseReader
from cds_service.facts.intervals import instructions
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.facts.portions import Daily, PortionReader
from cds_service.facts.strengths import Strengths
from cds_service.fhir.references import Treatment, medication_reference
from cds_service.fhir.structs import (
    CodeableConcept,
    Dosage,
    Extension,
    Medication,
    MedicationAdministration,
    MedicationRequest,
    Quantity,
    Reference,
    Resource,
    many,
)
from cds_service.knowledge.drugs import DrugFacts, Drugs, Product
from cds_service.knowledge.terminology import Match, Terminology

Lookup = Callable[[str], Resource | None]

_medication = msgspec.json.Decoder(Medication)
INJECTED = frozenset({"intravenous", "subcutaneous"})
NOT_SYSTEMIC = frozenset({"topical", "ophthalmic", "neonatal"})
UNSURE = "low-confidence"
# Whose daily amounts are read.
ANALGESIC = frozenset({"opioid", "acetaminophen"})


@dataclass(frozen=True, slots=True)
class Recognised:
    """A treatment with its drugs. ``known`` is False when the record says nothing of what the drug is."""

    drugs: tuple[str, ...]
    groups: frozenset[DrugGroup]
    product: Product
    text: RequestText
    dosed: Dosed
    counts: bool
    small_if_undosed: bool  # aspirin that nobody says the dose of
    low_confidence: bool
    known: bool
    injected: bool  # by its route, else by its name: given into a vein or under the skin
    substance: str  # ingredient of the code list, where a list has several
    daily: Daily | None = None  # of analgesics: how much a day of each active ingredient


class DrugReader:
    """Recognises drugs with the code lists and decides between products of one substance."""

    def __init__(self, terminology: Terminology, drugs: Drugs, doses: DoseReader, portions: PortionReader) -> None:
        self._terminology, self._drugs, self._doses = terminology, drugs, doses
        self._portions, self._strengths = portions, Strengths(terminology, doses)

    def read(self, treatment: Treatment, lookup: Lookup) -> Recognised:
        """The drug of a treatment. ``lookup`` finds a Medication by reference among what came with the call."""
        concepts, display, medication = self._concepts(treatment, lookup)
        matches = self._match(concepts, display)
        text = _text(concepts, display)
        called = [*_names(concepts), display or ""]
        piece = self._piece(matches, called, medication)
        # Nobody asks for the dose of another drug, and a medication list is long.
        dosed = self._doses.read(dosages_of(treatment), extensions_of(treatment), piece) if matches else Dosed()
        # Of a combination (alendronate with vitamin D) the bone-modifying drug comes first: it is what cards name.
        names = tuple(dict.fromkeys(m.concept for m in sorted(matches, key=self._is_supplement)))
        groups = frozenset[DrugGroup](self._drugs.drugs[n].group for n in names if n in self._drugs.drugs)
        swallowed = "bisphosphonate" in groups and self._doses.swallowed(text)
        if swallowed and not any(d.route for d in dosages_of(treatment)):
            dosed = replace(dosed, route="oral")
        injected = dosed.route in INJECTED or (dosed.route is None and self._doses.injected(text))
        daily = None
        if groups & ANALGESIC:
            ingredients = self._strengths.read(matches, called, medication, piece)
            called += [m.strength for m in matches if m.strength]
            dosages, extensions = dosages_of(treatment), extensions_of(treatment)
            daily = self._portions.read(ingredients, dosages, extensions, called, dosed.route, injected=injected)
        return Recognised(
            drugs=names,
            groups=groups,
            product=self._product(matches, dosed, piece.mg),
            text=RequestText(text),
            dosed=dosed,
            counts=self._counts(
                matches, dosed, [text, *(line for d in dosages_of(treatment) for line in instructions(d))]
            ),
            small_if_undosed=dosed.dose is None and bool(matches) and all(m.ingredient == "aspirin" for m in matches),
            low_confidence=bool(matches) and all(UNSURE in m.flags for m in matches),
            known=bool(text or any(c.codings() for c in concepts)),
            injected=injected,
            substance=next((m.ingredient for m in matches if m.ingredient and m.concept == names[0]), ""),
            daily=daily,
        )

    def days(self, quantity: Quantity | None) -> Fraction | None:
        """A FHIR Duration in days."""
        return self._doses.intervals.length(quantity)

    def _concepts(
        self, treatment: Treatment, lookup: Lookup
    ) -> tuple[list[CodeableConcept], str | None, Medication | None]:
        """What the treatment says its drug is: inline, in a referenced Medication, or only as a display."""
        inline = treatment.medication_codeable_concept
        concepts = [inline] if inline else []
        if treatment.medication:
            concepts.append(treatment.medication.codeable)
        reference = medication_reference(treatment)
        found = self._referenced(treatment, reference, lookup) if reference else None
        if found:
            concepts += [c for c in (found.code, *_ingredients(found)) if c]
        return concepts, reference.display if reference else None, found

    def _referenced(self, treatment: Treatment, reference: Reference, lookup: Lookup) -> Medication | None:
        target = reference.reference or ""
        if target.startswith("#"):
            inside = [_decoded(raw) for raw in treatment.contained or []]
            return next((m for m in inside if m and f"#{(m.id or '').lstrip('#')}" == target), None)
        found = lookup(target)
        return found if isinstance(found, Medication) else None

    def _match(self, concepts: list[CodeableConcept], display: str | None) -> tuple[Match, ...]:
        for concept in concepts:
            codings = [(c.system, c.code, c.display) for c in concept.codings()]
            if found := self._terminology.match("drug", codings, concept.codeable.text):
                return found
        return self._terminology.match("drug", [], display) if display else ()

    def _piece(self, matches: tuple[Match, ...], names: list[str], medication: Medication | None) -> Piece:
        """What one piece holds: by the code list, else the Medication resource, else the first name that tells."""
        stated = {m.strength for m in matches if m.strength}
        listed = Piece(self._doses.piece_mass(stated.pop())) if len(stated) == 1 else NOTHING_KNOWN
        piece = listed.or_else(self._doses.of_medication(medication) if medication else NOTHING_KNOWN)
        for name in names:
            piece = piece.or_else(self._doses.piece_of(name))
        known = [self._drugs.drugs[m.concept] for m in matches if m.concept in self._drugs.drugs]
        labelled = (
            tuple(map(Fraction, known[0].labelled_mg)) if len({m.concept for m in matches}) == 1 and known else ()
        )
        return Piece(piece.mg, piece.ml, piece.mg_per_ml, labelled).as_labelled()

    def _product(self, matches: tuple[Match, ...], dosed: Dosed, strength: Fraction | None) -> Product:
        """One substance in two products: by dose, then strength, then brand, then interval (``cards/drugs.yaml``)."""
        known = [self._drugs.drugs[m.concept] for m in matches if m.concept in self._drugs.drugs]
        facts = known[0] if known else None
        if facts is None or facts.products is None:
            return Product("unknown")
        return facts.products.decide(dosed, strength, [m.product for m in matches if m.product])

    def _counts(self, matches: tuple[Match, ...], dosed: Dosed, texts: Sequence[str]) -> bool:
        """False for what must not count as an NSAID: topical forms, and aspirin at an antiplatelet dose."""
        nsaids = [m for m in matches if self._group(m) == "nsaid"]
        if not nsaids or len(nsaids) < len(matches):
            return True
        if dosed.route == "topical" or (dosed.route is None and any(map(self._doses.topical, texts))):
            return False
        if all(m.flags & NOT_SYSTEMIC for m in nsaids):
            return False
        return not all(self._antiplatelet(m, dosed) for m in nsaids)

    def _is_supplement(self, match: Match) -> bool:
        return self._group(match) in ("calcium", "vitamin-d")

    def _group(self, match: Match) -> str | None:
        facts: DrugFacts | None = self._drugs.drugs.get(match.concept)
        return facts.group if facts else None

    def _antiplatelet(self, match: Match, dosed: Dosed) -> bool:
        if "antiplatelet" in match.flags:
            return True
        limit = Fraction(self._drugs.aspirin_antiplatelet_mg.value)
        return match.ingredient == "aspirin" and dosed.daily_mg is not None and dosed.daily_mg <= limit


def _decoded(raw: msgspec.Raw) -> Medication | None:
    try:
        return _medication.decode(raw)
    except UNREADABLE:
        return None


def _ingredients(medication: Medication) -> Iterable[CodeableConcept | None]:
    for each in many(medication.ingredient):
        yield each.item_codeable_concept or (each.item.codeable if each.item else None)


def dosages_of(treatment: Treatment) -> list[Dosage]:
    """The dosages; where none of them says anything in words, R5's rendered text stands for that."""
    dosages = many(treatment.dosage_instruction if isinstance(treatment, MedicationRequest) else treatment.dosage)
    rendered = None if isinstance(treatment, MedicationAdministration) else treatment.rendered_dosage_instruction
    if rendered and not any(d.text for d in dosages):
        return (
            [*dosages, Dosage(text=rendered)]
            if len(dosages) != 1
            else [msgspec.structs.replace(dosages[0], text=rendered)]
        )
    return dosages


def extensions_of(treatment: Treatment) -> list[Extension]:
    """The extensions a dose may stand in."""
    return (treatment.extension or []) if isinstance(treatment, MedicationRequest) else []


def _names(concepts: list[CodeableConcept]) -> list[str]:
    """Every text and display, the texts of one concept before its displays."""
    return [t for c in concepts for t in (c.codeable.text, *(x.display for x in c.codings())) if t]


def _text(concepts: list[CodeableConcept], display: str | None) -> str:
    return next((text for concept in concepts if (text := concept.said())), display or "")
