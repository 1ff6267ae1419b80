"""The chapter of bone lesions: how many there are said to be, and of which kind. Never counted from diagnoses.

Words count where they stand in a clause about bone (``narrative``), numbers where a result is named so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from cds_service.base.kinds import RequestText
from cds_service.facts.explained import Fact, reference
from cds_service.facts.narrative import BENIGN, ELSEWHERE, METASTASIS, NEW, Clause, NarrativeReader, Sentence, quoted
from cds_service.facts.sites import BoneSite
from cds_service.facts.told import ago
from cds_service.knowledge.model import File

KEYS = ("conditions", "reports", "observations")
Number = Literal["solitary", "multiple", "unknown"]
Kind = Literal["osteolytic", "osteoblastic"]
SOLITARY, MULTIPLE, FEW = "lesion-solitary", "lesion-multiple", "oligometastatic"
LYTIC = "lesion-osteolytic"
KINDS: tuple[tuple[str, frozenset[Kind]], ...] = (
    ("lesion-mixed", frozenset({"osteolytic", "osteoblastic"})),
    (LYTIC, frozenset({"osteolytic"})),
    ("lesion-osteoblastic", frozenset({"osteoblastic"})),
)
# What beside "new" makes a clause one of a lesion; a new fracture is none.
LESION = frozenset({METASTASIS, "reading-equivocal", "reading-positive", *(name for name, _ in KINDS)})
_ONE_NUMBER = re.compile(r"\D*(\d{1,3})\D*")


@dataclass(frozen=True, slots=True)
class Told:
    """A text that may speak of bone lesions. ``of_itself``: it is about bone whatever its words (a bone metastasis, a
    bone scan)."""

    text: str
    when: date | None
    ref: RequestText
    of_itself: bool = False


@dataclass(frozen=True, slots=True)
class Counted:
    """Evidence of the number, in words or as a number."""

    number: Number
    when: date | None
    ref: RequestText
    words: RequestText


@dataclass(frozen=True, slots=True)
class Typed:
    """Evidence of a kind of lesion."""

    kinds: frozenset[Kind]
    site: BoneSite | None
    when: date | None
    ref: RequestText
    words: RequestText


@dataclass(frozen=True, slots=True)
class Appeared:
    """Words that a lesion is new. ``confirmed``: the sentence says that it is a metastasis, without a doubt."""

    confirmed: bool
    site: BoneSite | None
    when: date | None
    ref: RequestText
    text: RequestText


@dataclass(frozen=True)
class Lesions:
    """``counted``, ``typed``, ``appeared``: all evidence, the newest first, what has no day last."""

    counted: tuple[Counted, ...]
    typed: tuple[Typed, ...]
    appeared: tuple[Appeared, ...] = ()

    @property
    def number(self) -> Number:
        """What the newest day says; both on one day, or "oligometastatic", is unknown."""
        told = {c.number for c in self.newest}
        return told.pop() if len(told) == 1 else "unknown"

    @property
    def newest(self) -> tuple[Counted, ...]:
        """The evidence of the newest day."""
        return tuple(c for c in self.counted if c.when == self.counted[0].when)

    @property
    def contradicting(self) -> bool:
        """Whether the newest day says both."""
        return {"solitary", "multiple"} <= {c.number for c in self.newest}

    def of_kind(self, kind: Kind) -> Typed | None:
        """The newest evidence of a kind; a kind does not expire."""
        return next((t for t in self.typed if kind in t.kinds), None)


def lesions(told: Iterable[Told], counts: Iterable[Counted], reader: NarrativeReader) -> Lesions:
    """From texts, and from results that say how many there are."""
    counted, typed, new = list(counts), list[Typed](), list[Appeared]()
    for text in told:
        sentences = list(reader.sentences(text.text))
        of_bone = [
            c for s in sentences for c in s.clauses
            if c.of_bone(of_itself=text.of_itself) and _stands(c) and not _is_harmless(c, s)
        ]  # fmt: skip
        doubtful = [c for s in sentences if METASTASIS in s.doubted for c in s.clauses]
        numbered = [c for c in of_bone if (c not in doubtful or not _only_many(c)) and _of_lesions(c, text)]
        if number := _number(numbered):
            words = next(c.text for c in numbered if {SOLITARY, MULTIPLE, FEW} & c.said)
            counted.append(Counted(number, text.when, text.ref, quoted(words)))
        of_metastases = [s for s in sentences if METASTASIS not in s.doubted]
        typed += _typed([c for s in of_metastases for c in s.clauses if c in of_bone], text)
        new += [found for sentence in sentences if (found := _new(sentence, text))]
    return Lesions(_newest_first(counted), _newest_first(typed), _newest_first(new))


def _stands(clause: Clause) -> bool:
    """Whether some lesion of the clause is not in doubt: 孤立性骨破坏不除外 says neither how many nor of which kind."""
    return not clause.doubted or bool(LESION & clause.said)


def _is_harmless(clause: Clause, sentence: Sentence) -> bool:
    """Whether what it shows is a bone island, a worn joint or the like, or is said to be no metastasis: by itself, or
    in a sentence that names no metastasis."""
    if METASTASIS in clause.said or NEW in clause.said:
        return False
    if BENIGN in clause.named and METASTASIS not in clause.named:
        return True
    if METASTASIS in sentence.said | sentence.doubted:
        return False
    denied = METASTASIS in sentence.denied and not any(ELSEWHERE in c.named for c in sentence.clauses)
    return denied or any(_explains(other, clause) for other in sentence.clauses)


def _explains(other: Clause, clause: Clause) -> bool:
    """Whether a worn joint or the like of another clause may be what this one shows: it is of no other bone, and no
    bone is destroyed here."""
    if BENIGN not in other.said | other.doubted or LYTIC in clause.named:
        return False
    return other.bone is None or clause.bone is None or other.bone.may_be(clause.bone)


def _of_lesions(clause: Clause, text: Told) -> bool:
    """Whether its number is one of lesions: not of broken ribs, worn discs or Schmorl's nodes."""
    return bool((LESION | {FEW}) & clause.said) or clause.lesion or (text.of_itself and clause.bone is None)


def _only_many(clause: Clause) -> bool:
    """Whether it says of what may be a metastasis that it is in many places, and not that bone is destroyed there: many
    foci of uptake may be many worn joints."""
    return MULTIPLE in clause.said and clause.said.isdisjoint(name for name, _ in KINDS)


def _new(sentence: Sentence, text: Told) -> Appeared | None:
    """What a sentence says of a new lesion of bone: that it is a metastasis, or may be one."""
    if not {METASTASIS} & (sentence.said | sentence.doubted) or BENIGN in sentence.said:
        return None
    for clause in sentence.clauses:
        called = LESION & clause.named or (clause.lesion and clause.bone)
        if NEW in clause.said and called and clause.of_bone(of_itself=text.of_itself):
            sure = METASTASIS in sentence.said and METASTASIS not in sentence.doubted
            return Appeared(sure, clause.bone, text.when, text.ref, quoted(clause.text))
    return None


def _number(clauses: Sequence[Clause]) -> Number | None:
    said = frozenset().union(*(c.said for c in clauses))
    if FEW in said or {SOLITARY, MULTIPLE} <= said:
        return "unknown"
    return "solitary" if SOLITARY in said else "multiple" if MULTIPLE in said else None


def _typed(clauses: Sequence[Clause], text: Told) -> Iterator[Typed]:
    for clause in clauses:
        if found := next((kinds for word, kinds in KINDS if word in clause.said), None):
            both = {LYTIC, "lesion-osteoblastic"} <= clause.said
            yield Typed(KINDS[0][1] if both else found, clause.bone, text.when, text.ref, quoted(clause.text))


def count_of(value: str, comparator: str | None) -> Number:
    """What a number of bone lesions says; none of them is no number of a patient who has some."""
    match = _ONE_NUMBER.fullmatch(value[:60])
    if match is None:
        return "unknown"
    number = int(match.group(1))
    if comparator in (">", ">="):
        return "multiple" if number + (comparator == ">") > 1 else "unknown"
    if comparator:
        return "unknown"
    return "solitary" if number == 1 else "multiple" if number > 1 else "unknown"


def _newest_first(found: list) -> tuple:  # type: ignore[type-arg]  # of either kind of evidence
    return tuple(sorted(found, key=lambda e: (e.when or date.min, e.ref), reverse=True))


def explained(lesions: Lesions) -> Iterator[Fact]:
    """How many there are said to be, on what evidence, and of which kind."""
    if lesions.counted:
        first = lesions.counted[0]
        yield Fact("lesion-number", {"lesions": lesions}, when=first.when, ref=reference(first.ref))
    for each in lesions.typed:
        yield Fact("lesion-kind", {"typed": each}, when=each.when, ref=reference(each.ref))


class CountGiven(File, frozen=True):
    number: Number
    days_ago: int | None = None


class KindGiven(File, frozen=True):
    kinds: tuple[Kind, ...]
    site: str | None = None
    days_ago: int | None = None


class NewGiven(File, frozen=True):
    """Words of a report that a lesion is new; ``suspected``: perhaps a metastasis."""

    days_ago: int | None = None
    suspected: bool = False


class LesionsGiven(File, frozen=True):
    """What a case may say of bone lesions."""

    lesion_counts: list[CountGiven] = []
    lesion_kinds: list[KindGiven] = []
    lesions_new: list[NewGiven] = []

    def told(self) -> Lesions:
        counted = [
            Counted(c.number, ago(c.days_ago), RequestText(f"DiagnosticReport/count-{n}"), RequestText(c.number))
            for n, c in enumerate(self.lesion_counts)
        ]
        typed = [
            Typed(
                frozenset(k.kinds),
                BoneSite(k.site) if k.site else None,
                ago(k.days_ago),
                RequestText(f"DiagnosticReport/kind-{n}"),
                RequestText(" ".join(k.kinds)),
            )
            for n, k in enumerate(self.lesion_kinds)
        ]
        new = [
            Appeared(
                not e.suspected, None, ago(e.days_ago), RequestText(f"DiagnosticReport/new-{n}"), RequestText("new")
            )
            for n, e in enumerate(self.lesions_new)
        ]
        return Lesions(_newest_first(counted), _newest_first(typed), _newest_first(new))


__all__ = [
    "KEYS",
    "METASTASIS",
    "Appeared",
    "Counted",
    "Lesions",
    "LesionsGiven",
    "Told",
    "count_of",
    "explained",
    "lesions",
]
