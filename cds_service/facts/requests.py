"""What a requested procedure says besides its code: where, why, what for, how, with what. Read once, with the draft.

Where it is done is read by the shared reader of places: body site and name decide, a reason ("bone metastasis") says
bone where they say nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from cds_service.facts.purpose import PurposeReader, Purposes
from cds_service.facts.radiation_extensions import ExtensionReader, Stated
from cds_service.facts.reasons import referred
from cds_service.facts.sites import Place, SiteReader
from cds_service.fhir.structs import CodeableConcept, Resource, ServiceRequest, many
from cds_service.fhir.undecoded import concepts, extended, notes, quantity
from cds_service.knowledge.terminology import Match, Terminology

Lookup = Callable[[str], Resource | None]
# Characters of one request that are looked at; it is an order, not a report.
LONGEST = 1_000
RADIONUCLIDE = "radiopharmaceutical"
AGENTS = frozenset({"radionuclide-therapy", "other-radionuclide"})
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
    unread: bool = False  # its words are too long to be read


NOTHING = Requested()


class RequestReader:
    """Reads requested procedures with the code lists."""

    def __init__(self, terminology: Terminology, sites: SiteReader, extensions: ExtensionReader) -> None:
        self._terminology, self._sites, self._extensions = terminology, sites, extensions
        self._purposes = PurposeReader(terminology, sites)

    def read(self, it: ServiceRequest, lookup: Lookup) -> Requested:
        """``lookup``: a resource by its reference, for reasons that are one."""
        if it.code is None:
            return NOTHING
        stated = self._extensions.read(extended(it.extension), quantity(it.quantity_quantity))
        described = [it.code.codeable, *many(it.order_detail)]
        asked = [*concepts(it.reason_code), *(c.codeable for c in concepts(it.reason))]
        diagnoses = [*referred(it, lookup)]
        reasons = [*asked, *diagnoses]
        told = _texts((*(t for c in (it.code, *many(it.order_detail)) for t in words_of(c)), *notes(it.note)))
        why = _texts(t for c in reasons for t in words_of(c))
        unread = told is None or why is None
        stated_in = () if unread else (*(told or ()), *(t for c in asked for t in words_of(c)))
        read, told_of, words = self._terminology.read, told or (), (*(told or ()), *(why or ()))
        named = frozenset(m.concept for c in described for m in self._match("procedure", c))
        named |= {row.concept for text in told_of for row in read("procedure", text).rows}
        conditions, findings = [read("condition", t) for t in words], [read("finding", t) for t in words]
        coded = frozenset(m.concept for c in reasons for m in self._match("condition", c))
        said = {row.concept for each in findings for row in each.rows}
        said |= {m.concept for intent in stated.intents for m in self._match("finding", intent)}
        return Requested(
            place=place_of(self._sites, concepts(it.body_site), (*told_of, *stated.places), why or (), named),
            told=told_of,
            named=named,
            conditions=coded | {row.concept for each in conditions for row in each.rows},
            doubted=frozenset(c for r in conditions for c, state in r.unsaid.items() if state == "suspected"),
            reasons=coded,
            said=frozenset(said | {AGAIN}) if stated.again else frozenset(said),
            substance=self._substance(described, told_of) if named & AGENTS else "",
            stated=stated,
            purposes=self._purposes.read(stated_in, asked, diagnoses),
            bone=self._sites.of(concepts(it.body_site), told_of).bone is not None,
            unread=unread,
        )

    def _match(self, domain: str, concept: CodeableConcept) -> Sequence[Match]:
        codings = [(c.system, c.code, c.display) for c in concept.codings()]
        found = self._terminology.match(domain, codings, concept.codeable.text)
        return [m for m in found if "broad" not in m.flags]

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


def _texts(texts: Iterable[str]) -> tuple[str, ...] | None:
    """The texts; None where they are too long for an order: it is not read by its beginning."""
    each = tuple(dict.fromkeys(texts))
    return each if sum(map(len, each)) <= LONGEST else None
