"""What a requested procedure says besides its code: where, why, what for, how, with what. Read once, with the draft.

Where it is done is read by the shared reader of places: body site and name decide, a reason ("bone metastasis") says
bone where they say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cds_service.facts.narrative import NarrativeReader, Sentence
from cds_service.facts.purpose import PurposeReader, Purposes
from cds_service.facts.radiation_extensions import ExtensionReader, Stated
from cds_service.facts.sites import Place, SiteReader
from cds_service.fhir.structs import CodeableConcept, Condition, Resource, ServiceRequest, many
from cds_service.fhir.undecoded import concepts, extended, notes, quantity, references
from cds_service.knowledge.terminology import Match, Terminology

Lookup = Callable[[str], Resource | None]
# So many words of one request are looked at; it is an order, not a report.
MOST_TEXTS = 20
RADIONUCLIDE = "radiopharmaceutical"
# Operations and radiation of a named part: beside one, letters name a vertebra ("SBRT T8").
OF_A_PART = frozenset(
    {"laminectomy", "spinal-stabilisation", "bone-augmentation", "bone-surgery", "radiotherapy", "sbrt"}
)
AGAIN = "re-irradiation"


@dataclass(frozen=True, slots=True)
class Requested:
    """``told``: the words of its name, details and notes. ``named``: procedures that these name. ``conditions``:
    diagnoses that words and reasons name, ``doubted`` those they only suspect; ``reasons``: those of the reasons alone.
    ``said``: what they say of the list of findings. ``substance``: of a radionuclide.
    ``bone``: its body site or its own words, not a reason, name a bone."""

    place: Place = field(default_factory=Place)
    told: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()
    conditions: frozenset[str] = frozenset()
    doubted: frozenset[str] = frozenset()
    reasons: frozenset[str] = frozenset()
    said: frozenset[str] = frozenset()
    substance: str = ""
    stated: Stated = field(default_factory=Stated)
    purposes: Purposes = field(default_factory=Purposes)
    bone: bool = False


NOTHING = Requested()


class RequestReader:
    """Reads requested procedures with the code lists."""

    def __init__(self, terminology: Terminology, narratives: NarrativeReader, extensions: ExtensionReader) -> None:
        self._terminology, self._narratives, self._extensions = terminology, narratives, extensions
        self._purposes = PurposeReader(terminology, narratives.sites)

    def read(self, it: ServiceRequest, lookup: Lookup) -> Requested:
        """``lookup``: a resource by its reference, for reasons that are one."""
        if it.code is None:
            return NOTHING
        stated = self._extensions.read(extended(it.extension), quantity(it.quantity_quantity))
        described = [it.code.codeable, *many(it.order_detail)]
        told = _texts((*(t for c in (it.code, *many(it.order_detail)) for t in words_of(c)), *notes(it.note)))
        asked = [*concepts(it.reason_code), *(c.codeable for c in concepts(it.reason))]
        diagnoses = [*_referred(it, lookup)]
        reasons = [*asked, *diagnoses]
        why = _texts(t for c in reasons for t in words_of(c))
        named = self._procedures((it.code, *described), told)
        sentences = [s for text in (*told, *why) for s in self._narratives.sentences(text)]
        coded = frozenset(m.concept for c in reasons for m in self._match("condition", c))
        return Requested(
            place=place_of(self._narratives.sites, concepts(it.body_site), (*told, *stated.places), why, named),
            told=told,
            named=named,
            conditions=coded | self._conditions(told) | self._conditions(why),
            doubted=self._suspected((*told, *why)),
            reasons=coded,
            said=self._findings(sentences, stated),
            substance=self._substance((it.code.codeable, *described), told),
            stated=stated,
            purposes=self._purposes.read((*told, *(t for c in asked for t in words_of(c))), asked, diagnoses),
            bone=self._narratives.sites.of(concepts(it.body_site), told).bone is not None,
        )

    def _match(self, domain: str, concept: CodeableConcept) -> Sequence[Match]:
        codings = [(c.system, c.code, c.display) for c in concept.codings()]
        found = self._terminology.match(domain, codings, concept.codeable.text)
        return [m for m in found if "broad" not in m.flags]

    def _procedures(self, coded: Iterable[CodeableConcept], told: Iterable[str]) -> frozenset[str]:
        found = {m.concept for concept in coded for m in self._match("procedure", concept)}
        return frozenset(
            found | {row.concept for text in told for row in self._terminology.read("procedure", text).rows}
        )

    def _conditions(self, told: Iterable[str]) -> frozenset[str]:
        return frozenset(row.concept for text in told for row in self._terminology.read("condition", text).rows)

    def _suspected(self, told: Iterable[str]) -> frozenset[str]:
        read = (self._terminology.read("condition", text).unsaid for text in told)
        return frozenset(c for unsaid in read for c, state in unsaid.items() if state == "suspected")

    def _findings(self, sentences: Iterable[Sentence], stated: Stated) -> frozenset[str]:
        said = {concept for s in sentences for concept in s.said}
        said |= {m.concept for intent in stated.intents for m in self._match("finding", intent)}
        return frozenset(said | {AGAIN}) if stated.again else frozenset(said)

    def _substance(self, coded: Iterable[CodeableConcept], told: Iterable[str]) -> str:
        """The one radionuclide that codes or words name."""
        rows = [m for concept in coded for m in self._match("drug", concept)]
        named = {m.ingredient for m in rows if m.concept == RADIONUCLIDE}
        named |= {
            row.ingredient for text in told for row in self._terminology.read("drug", text).rows
            if row.concept == RADIONUCLIDE
        }  # fmt: skip
        named.discard(None)
        return named.pop() or "" if len(named) == 1 else ""


def place_of(
    reader: SiteReader,
    sites: Iterable[CodeableConcept],
    told: Sequence[str],
    why: Sequence[str],
    named: frozenset[str],
) -> Place:
    """Where a procedure is done, requested or on record: its body site and its words decide; a reason ("bone
    metastasis") says bone where they say nothing."""
    place = reader.of(sites, told)
    if place.of_bone == "unknown" and named & OF_A_PART:
        place = reader.of((), told, letters=True)
    return reader.of((), why) if place.of_bone == "unknown" else place


def words_of(concept: CodeableConcept) -> tuple[str, ...]:
    """The text of a concept and the displays of its codes."""
    told = (concept.codeable.text, *(c.display for c in concept.codings()))
    return tuple(dict.fromkeys(t for t in told if t))


def _texts(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))[:MOST_TEXTS]


def _referred(it: ServiceRequest, lookup: Lookup) -> Iterable[CodeableConcept]:
    """The diagnoses that reasons refer to."""
    inside = [c.reference for c in concepts(it.reason) if c.reference is not None]
    for reference in (*references(it.reason_reference), *inside):
        target = reference if isinstance(reference, str) else reference.reference
        found = lookup(target or "")
        if isinstance(found, Condition) and found.code:
            yield found.code
