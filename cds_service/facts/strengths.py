"""What one piece of an analgesic holds of each active ingredient: by the code list, the Medication, or the name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import islice

from cds_service.facts.bounded import told
from cds_service.facts.doses import DoseReader
from cds_service.facts.exact import number
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.facts.portions import Ingredient
from cds_service.fhir.structs import CodeableConcept, Medication, many
from cds_service.knowledge.terminology import Match, Terminology

READ = ("opioid", "acetaminophen")  # the code lists whose ingredients are told apart
MOST = 12  # parts of a name, and ingredients of a Medication, that are looked at
# "acetaminophen 325 MG / oxycodone 5 MG", "对乙酰氨基酚325mg+羟考酮5mg".
_DIGITS = r"([0-9]{1,4}(?:\.[0-9]{1,4})?)"
_PAIR = re.compile(rf"(?<![0-9./]){_DIGITS} ?(m?g)? ?[/\-:+] ?{_DIGITS}(?: ?(m?g))?(?![0-9a-z./%])")
_GRAM = Fraction(1000)
_PARTS = re.compile(r"\s/\s|[+＋,，、;；()（）]|(?<=[gG])/(?=[^\s/])|和|与")


class Strengths:
    """Tells the ingredients of a product apart."""

    def __init__(self, terminology: Terminology, doses: DoseReader) -> None:
        self._terminology, self._doses = terminology, doses

    def read(
        self, matches: Sequence[Match], names: Iterable[str], medication: Medication | None, whole: Piece
    ) -> tuple[Ingredient, ...]:
        """The ingredients of the two code lists. ``whole``: what is known of a piece of a product of one ingredient."""
        actives = {(m.concept, m.ingredient) for m in matches}
        alone = len(actives) == 1
        called = [name for name in names if name]
        found: dict[tuple[str, str], Ingredient] = {}
        for match in matches:
            if match.concept not in READ:
                continue
            name, listed = match.ingredient or "", self._doses.piece_of(match.strength or "")
            piece = listed.or_else(whole) if alone else listed
            if not alone and piece == NOTHING_KNOWN:
                piece = self._of_medication(match, medication) or self._of_names(match, called)
                if piece == NOTHING_KNOWN:
                    piece = _of_pair(match, actives, called)
            found.setdefault((match.concept, name), Ingredient(match.concept, name, piece, match.flags, alone))
        return tuple(found.values())

    def _of_medication(self, match: Match, medication: Medication | None) -> Piece | None:
        """The strength that a Medication of several ingredients states for this one."""
        for each in many(medication.ingredient)[:MOST] if medication else []:
            concept = each.item_codeable_concept or (each.item.codeable if each.item else None)
            if concept and self._is(match, concept):
                return self._doses.of_medication(Medication(ingredient=[each]))
        return None

    def _is(self, match: Match, concept: CodeableConcept) -> bool:
        codings = [(c.system, c.code, c.display) for c in concept.codings()]
        found = self._terminology.match("drug", codings, concept.codeable.text)
        return {(m.concept, m.ingredient) for m in found} == {(match.concept, match.ingredient)}

    def _of_names(self, match: Match, names: Sequence[str]) -> Piece:
        """The strength beside the ingredient's own name, where the product's name lists its ingredients."""
        for name in names:
            for part in islice(filter(None, _PARTS.split(name[:300])), MOST):
                if self._is(match, CodeableConcept(text=part.strip())):
                    piece = self._doses.piece_of(part)
                    if piece != NOTHING_KNOWN:
                        return piece
        return NOTHING_KNOWN


def _of_pair(match: Match, actives: set[tuple[str, str | None]], names: Sequence[str]) -> Piece:
    """The strength of one of the two in "5mg/325mg", 5/325, 5-325 or 0.3g/8.4mg: of acetaminophen and an opioid,
    whichever is named first, every product holds more of acetaminophen."""
    if sorted(concept for concept, _ in actives) != sorted(READ):
        return NOTHING_KNOWN
    pairs = {pair for name in names for pair in _pairs(name)}
    if len(pairs) != 1:
        return NOTHING_KNOWN
    less, more = sorted(pairs.pop())
    return Piece(more if match.concept == "acetaminophen" else less) if less < more else NOTHING_KNOWN


def _pairs(name: str) -> Iterator[tuple[Fraction, Fraction]]:
    for found in _PAIR.finditer(told(name)):
        first, second = number(found[1]), number(found[3])
        if first and second:
            yield first * (_GRAM if found[2] == "g" else 1), second * (_GRAM if found[4] == "g" else 1)
