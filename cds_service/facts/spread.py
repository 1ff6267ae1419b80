"""The chapter of spread: metastases outside bone, known or only suspected. Nodes of the chest are none: they belong to
the tumour's own region."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from cds_service.base.kinds import RequestText
from cds_service.facts.conditions import has_abated
from cds_service.facts.diagnoses import INACTIVE, NEVER_VERIFIED, coded
from cds_service.facts.explained import Fact, reference
from cds_service.facts.narrative import ELSEWHERE, METASTASIS, NODE, NarrativeReader, quoted
from cds_service.facts.skeleton import words
from cds_service.facts.told import ago
from cds_service.fhir.dates import day_of
from cds_service.fhir.structs import CodeableConcept, Condition
from cds_service.knowledge.model import File
from cds_service.knowledge.terminology import Terminology

KEYS = ("conditions",)
CONCEPT, MULTIPLE = "other-metastasis", "lesion-multiple"


@dataclass(frozen=True, slots=True)
class Deposit:
    """One diagnosis that names a metastasis outside bone, or suspects one."""

    text: RequestText
    when: date | None
    ref: RequestText


@dataclass(frozen=True)
class Spread:
    """All of them, as they come."""

    all: tuple[Deposit, ...] = ()

    @property
    def first(self) -> Deposit | None:
        """One of them; None: there is none."""
        return next(iter(self.all), None)


def spread(conditions: Iterable[Condition], terminology: Terminology, reader: NarrativeReader, today: date) -> Spread:
    """From the active diagnoses, by code or in words."""
    return Spread(tuple(_deposits(conditions, terminology, reader, today)))


def _deposits(
    conditions: Iterable[Condition], terminology: Terminology, reader: NarrativeReader, today: date
) -> Iterator[Deposit]:
    for condition in conditions:
        concept = condition.code.codeable if condition.code else CodeableConcept()
        over = coded(condition.clinical_status) in INACTIVE or has_abated(condition, today)
        if over or coded(condition.verification_status) in NEVER_VERIFIED:
            continue
        codings = [(c.system, c.code, None) for c in concept.codings()]
        by_code = any(m.concept == CONCEPT for m in terminology.match("condition", codings, None))
        if by_code or any(_names_one(reader, text) for text in words(condition)):
            when = day_of(condition.onset_date_time) or day_of(condition.recorded_date)
            yield Deposit(quoted(concept.said()), when, RequestText(f"Condition/{condition.id or '?'}"))


def _names_one(reader: NarrativeReader, text: str) -> bool:
    """Whether a clause of a diagnosis says or suspects a metastasis of an organ, or many without saying where."""
    for sentence in reader.sentences(text):
        if METASTASIS in sentence.denied and METASTASIS not in sentence.said | sentence.doubted:
            continue
        for clause in sentence.clauses:
            where = ELSEWHERE in clause.named or MULTIPLE in clause.named
            if METASTASIS in clause.named and where and clause.bone is None and NODE not in clause.named:
                return True
    return False


def explained(spread: Spread) -> Iterator[Fact]:
    """Each of them."""
    for each in spread.all:
        yield Fact("deposit", {"deposit": each}, when=each.when, ref=reference(each.ref))


class SpreadGiven(File, frozen=True):
    """What a case may say of metastases outside bone: the organs."""

    metastases_elsewhere: list[str] = []

    def told(self) -> Spread:
        return Spread(
            tuple(
                Deposit(RequestText(organ), ago(100), RequestText(f"Condition/{organ}"))
                for organ in self.metastases_elsewhere
            )
        )
