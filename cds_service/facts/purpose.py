"""What an examination is asked for, in codes and in words, read in one place. Never guessed: most orders say nothing.

Words count clause by clause. A word of exclusion ("rule out", 除外, 有无) is a purpose only beside what is looked for:
a bone metastasis. Screening is one of bone where the clause names bone; an examination that is of bone itself needs no
more than the word.
What is longer than an order is not read (``requests``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast

from cds_service.base.kinds import RequestText
from cds_service.facts.narrative import ELSEWHERE, NODE, quoted
from cds_service.facts.narrative import METASTASIS as DEPOSIT
from cds_service.facts.sites import SiteReader
from cds_service.fhir.structs import CodeableConcept
from cds_service.knowledge.terminology import Terminology

Kind = Literal[
    "screening", "bone-screening", "response", "staging", "new-symptom", "planning", "trauma", "infection", "molecular",
    "second-cancer",
]  # fmt: skip
KINDS: tuple[Kind, ...] = (
    "response", "staging", "new-symptom", "planning", "trauma", "infection", "molecular", "second-cancer",
)  # fmt: skip
# Whoever asks for one of these asks what the guideline does not speak of.
OTHER: frozenset[Kind] = frozenset({"staging", "new-symptom", "planning", "trauma", "infection", "molecular"})
METASTASIS = "bone-metastasis"
# A diagnosis that is a reason to look, whether it is there or only feared.
SYMPTOMS = frozenset({
    "bone-pain", "cancer-pain", "pathological-fracture", "vertebral-compression-fracture", "impending-fracture",
    "spinal-cord-compression", "nerve-compression", "spinal-instability", "raised-alkaline-phosphatase",
    "hypercalcaemia",
})  # fmt: skip
_CLAUSE = re.compile(r"[。；;，,\n\r！]|\.(?=\s|$)|\bbut\b|但是?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Purpose:
    """``words``: the clause, or the code's own words, that say so."""

    kind: Kind
    words: RequestText


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A clause that names or suspects a metastasis outside bone; a node of the chest is none."""

    text: RequestText


@dataclass(frozen=True, slots=True)
class Purposes:
    """All that an order states, as it stands there. None: it states no purpose."""

    all: tuple[Purpose, ...] = ()
    elsewhere: Elsewhere | None = None

    def of(self, *kinds: Kind) -> Purpose | None:
        """The first that is stated of these kinds."""
        return next((p for p in self.all if p.kind in kinds), None)

    @property
    def other(self) -> Purpose | None:
        """One of which the topics of imaging do not speak."""
        return self.of(*OTHER)


class PurposeReader:
    """Reads purposes with the code lists of purposes, conditions and body sites."""

    def __init__(self, terminology: Terminology, sites: SiteReader) -> None:
        self._terminology, self._sites = terminology, sites

    def read(
        self, told: Iterable[str], reasons: Sequence[CodeableConcept], diagnoses: Sequence[CodeableConcept]
    ) -> Purposes:
        """``told``: the order's words and those of its reasons; ``reasons``: their codes. Of ``diagnoses`` that a
        reason refers to only a symptom is a purpose: their words describe the patient."""
        found = [p for concept in reasons for p in self._coded(concept)]
        found += [p for concept in (*reasons, *diagnoses) for p in self._symptom(concept)]
        clauses = [clause.strip() for text in dict.fromkeys(told) for clause in _CLAUSE.split(text)]
        found += [p for clause in clauses for p in self._clause(clause)]
        elsewhere = next((Elsewhere(quoted(clause)) for clause in clauses if self._is_elsewhere(clause)), None)
        return Purposes(tuple({p.kind: p for p in reversed(found)}.values())[::-1], elsewhere)

    def _is_elsewhere(self, clause: str) -> bool:
        read = self._terminology.read("finding", clause)
        told = {row.concept for row in read.rows}
        told |= {concept for concept, state in read.unsaid.items() if state == "suspected"}
        return told >= {ELSEWHERE, DEPOSIT} and NODE not in told

    def _coded(self, concept: CodeableConcept) -> Iterator[Purpose]:
        codings = [(c.system, c.code, None) for c in concept.codings()]
        for match in self._terminology.match("purpose", codings, None):
            yield Purpose(_kind(match.concept), quoted(concept.said()))

    def _symptom(self, concept: CodeableConcept) -> Iterator[Purpose]:
        codings = [(c.system, c.code, c.display) for c in concept.codings()]
        matches = self._terminology.match("condition", codings, concept.codeable.text)
        if any(m.concept in SYMPTOMS and "broad" not in m.flags for m in matches):
            yield Purpose("new-symptom", quoted(concept.said()))

    def _clause(self, clause: str) -> Iterator[Purpose]:
        if not clause:
            return
        words = quoted(clause)
        said = {row.concept for row in self._terminology.read("purpose", clause).rows}
        yield from (Purpose(kind, words) for kind in KINDS if f"purpose-{kind}" in said)
        conditions = self._terminology.read("condition", clause)
        asked = {row.concept for row in conditions.rows}
        asked |= {concept for concept, state in conditions.unsaid.items() if state == "suspected"}
        if asked & SYMPTOMS:
            yield Purpose("new-symptom", words)
        metastasis = METASTASIS in asked or METASTASIS in conditions.unsaid
        screened = "purpose-screening" in said or (metastasis and "purpose-exclusion" in said)
        if screened and (metastasis or self._sites.of((), (clause,)).bone):
            yield Purpose("bone-screening", words)
        elif screened:
            yield Purpose("screening", words)


def _kind(concept: str) -> Kind:
    return cast("Kind", concept.removeprefix("purpose-"))


def given_purposes(kinds: Iterable[str]) -> Purposes:
    """The purposes of a case."""
    return Purposes(tuple(Purpose(cast("Kind", kind), RequestText(kind)) for kind in kinds))
