"""The chapter of the skeleton: what the list of diagnoses says of bone metastases and of what they do.

Apart from ``diagnoses``, it knows whether a thing is confirmed or only suspected, which bone it is about, and when it
was first recorded.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cds_service.base.kinds import RequestText
from cds_service.facts.conditions import has_abated, meanings
from cds_service.facts.diagnoses import INACTIVE, NEVER_VERIFIED, SUSPECTED, coded
from cds_service.facts.explained import Fact, reference
from cds_service.facts.narrative import quoted
from cds_service.facts.sites import BoneSite, Side, SiteReader
from cds_service.facts.told import ago
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import CodeableConcept, Condition, many
from cds_service.fhir.undecoded import concepts
from cds_service.knowledge.model import File
from cds_service.knowledge.terminology import Terminology

KEYS = ("conditions",)
METASTASIS, CORD, DEGENERATIVE = "bone-metastasis", "spinal-cord-compression", "degenerative-spine"
OF_VISIT = "encounter-diagnosis"  # of HL7's condition-category
OVER = INACTIVE | {"remission"}
CONCEPTS = frozenset({
    METASTASIS, CORD, DEGENERATIVE, "nerve-compression", "spinal-instability", "pathological-fracture",
    "vertebral-compression-fracture", "impending-fracture", "bone-pain", "raised-alkaline-phosphatase",
})  # fmt: skip

SPINE = BoneSite("spine")
# Where a diagnosis is that names no site.
IMPLIED = dict.fromkeys((CORD, "nerve-compression", "spinal-instability", "vertebral-compression-fracture"), SPINE)


@dataclass(frozen=True, slots=True)
class Sign:
    """One diagnosis of the skeleton. ``confirmed``: no doubt stands in its status or its words.

    ``degenerative``: the same entry names a degenerative cause. ``when``: the day it began, else was recorded.
    ``visit``: a diagnosis of a visit that says nothing of its beginning: written anew at each, it is the same.
    """

    concept: str
    confirmed: bool
    active: bool
    site: BoneSite | None
    when: date | None
    ref: RequestText
    text: RequestText
    degenerative: bool = False
    visit: bool = False


@dataclass(frozen=True)
class Skeleton:
    """All of them, the earliest first, those without a day last."""

    all: tuple[Sign, ...]

    def found(self, *concepts: str) -> tuple[Sign, ...]:
        """The active, confirmed ones of these concepts."""
        return tuple(s for s in self.all if s.active and s.confirmed and s.concept in concepts)

    def suspected(self, *concepts: str) -> tuple[Sign, ...]:
        """The active ones of these concepts that are only suspected."""
        return tuple(s for s in self.all if s.active and not s.confirmed and s.concept in concepts)

    def about(self, site: BoneSite | None, *concepts: str) -> tuple[Sign, ...]:
        """The active ones of these concepts, suspected ones too, that are of this bone or may be."""
        found = (s for s in self.all if s.active and s.concept in concepts)
        return tuple(s for s in found if site is None or site.may_be(s.site or IMPLIED.get(s.concept)))

    def known(self, concept: str) -> bool:
        """Whether the list of diagnoses names this at all: confirmed or suspected, active or over."""
        return any(s.concept == concept for s in self.all)

    @property
    def metastatic(self) -> bool:
        """Whether a bone metastasis is active and confirmed."""
        return bool(self.found(METASTASIS))

    @property
    def ever_metastatic(self) -> bool:
        """Whether a confirmed bone metastasis is on record, over or not."""
        return any(s.concept == METASTASIS and s.confirmed for s in self.all)


def skeleton(conditions: Iterable[Condition], terminology: Terminology, sites: SiteReader, today: date) -> Skeleton:
    """From the conditions that are not refuted and not entered in error."""
    found = [sign for c in conditions for sign in _signs(c, terminology, sites, today)]
    return Skeleton(tuple(sorted(found, key=lambda s: (s.when is None, s.when or date.min, s.ref, s.concept))))


def _signs(condition: Condition, terminology: Terminology, sites: SiteReader, today: date) -> Iterator[Sign]:
    verified = coded(condition.verification_status)
    if verified in NEVER_VERIFIED:
        return
    said = {m.concept for m in meanings(condition, terminology) if "broad" not in m.flags} & CONCEPTS
    doubted = (doubts(condition, terminology) & CONCEPTS) - said
    if not (said or doubted):
        return
    concept = condition.code.codeable if condition.code else CodeableConcept()
    site = sites.of(many(condition.body_site), words(condition)).bone
    for name in sorted(said | doubted):
        yield Sign(
            concept=name,
            confirmed=name in said and verified not in SUSPECTED,
            active=coded(condition.clinical_status) not in OVER and not has_abated(condition, today),
            site=site,
            when=day_of(condition.onset_date_time) or day_of(condition.recorded_date),
            ref=RequestText(f"Condition/{condition.id or '?'}"),
            text=quoted(concept.said()),
            degenerative=DEGENERATIVE in said and name != DEGENERATIVE,
            visit=condition.onset_date_time is None and _of_visit(condition),
        )


def _of_visit(condition: Condition) -> bool:
    codes = (c.code for concept in concepts(condition.category) for c in concept.codings())
    return any(code == OF_VISIT for code in codes)


def words(condition: Condition) -> tuple[str, ...]:
    """The words of a diagnosis: its text and the displays of its codes."""
    if condition.code is None:
        return ()
    told = (condition.code.codeable.text, *(c.display for c in condition.code.codings()))
    return tuple(dict.fromkeys(t for t in told if t))


def doubts(condition: Condition, terminology: Terminology) -> frozenset[str]:
    """What the words of a diagnosis only suspect."""
    read = (terminology.read("condition", text).unsaid for text in words(condition))
    return frozenset(c for unsaid in read for c, state in unsaid.items() if state == "suspected")


def explained(skeleton: Skeleton) -> Iterator[Fact]:
    """Each diagnosis of the skeleton."""
    for sign in skeleton.all:
        yield Fact("sign", {"sign": sign}, when=sign.when, ref=reference(sign.ref))


class SignGiven(File, frozen=True):
    """A diagnosis of the skeleton; ``days_ago`` left out: undated."""

    concept: str
    days_ago: int | None = None
    suspected: bool = False
    active: bool = True
    site: str | None = None
    side: Side | None = None
    levels: tuple[str, ...] = ()
    degenerative: bool = False
    visit: bool = False


class SkeletonGiven(File, frozen=True):
    """What a case may say of the skeleton, beside its ``diagnoses``."""

    skeleton: list[SignGiven] = []

    def told(self, diagnoses: Iterable[str], long_ago: date | None) -> Skeleton:
        """``diagnoses``: those of the case; what it tells in detail here stands for itself."""
        detailed = {each.concept for each in self.skeleton}
        plainly = [c for c in diagnoses if c in CONCEPTS and c not in detailed]
        signs = [_of_case(c, long_ago) for c in plainly]
        for n, each in enumerate(self.skeleton):
            site = given_site(each.site, each.side, each.levels)
            ref = RequestText(f"Condition/sign-{n}")
            signs.append(
                Sign(
                    each.concept, not each.suspected, each.active, site, ago(each.days_ago), ref,
                    RequestText(each.concept), each.degenerative, each.visit,
                )
            )  # fmt: skip
        return Skeleton(tuple(signs))


def _of_case(concept: str, when: date | None) -> Sign:
    return Sign(concept, True, True, None, when, RequestText(f"Condition/{concept}"), RequestText(concept))


def given_site(name: str | None, side: Literal["left", "right"] | None, levels: Iterable[str]) -> BoneSite | None:
    """A bone of a case."""
    return BoneSite(name, side, frozenset(levels), RequestText(name)) if name else None
