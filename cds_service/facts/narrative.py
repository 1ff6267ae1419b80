"""What free text says of bone lesions: sentence by sentence, clause by clause.

A word of number, kind or newness counts only in a clause that names a bone. Words of doubt and of negation take back
what they are about (``knowledge.clauses``); "please correlate clinically" is neither. Bounded: see ``LONGEST``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cds_service.base.kinds import RequestText
from cds_service.facts.sites import BoneSite, SiteReader
from cds_service.knowledge.phrases import Words
from cds_service.knowledge.terminology import BONE, CACHED_TEXT, Terminology
from cds_service.knowledge.words import plain

LONGEST = 4_000  # characters of one text; what it concludes stands in them
LONGEST_JOINED = 400  # of two sentences that are read as one
SENTENCES = 1_024  # that are remembered
QUOTED = 80  # characters of a quote on a card; the view cuts there too

_CLAUSE = re.compile(
    r"[，,]|伴有|伴|合并|以及|及(?!其)|\bwith\b|\band\b(?!\s+(?:osteo)?(?:lytic|blastic|sclerotic))", re.IGNORECASE
)
METASTASIS, ELSEWHERE, BENIGN = "metastasis", "elsewhere", "benign-cause"
NODE = "thoracic-node"  # of the chest: no other organ
NATURE = frozenset({METASTASIS, BENIGN})  # what a lesion is
EQUIVOCAL, NEW = "reading-equivocal", "lesion-new"
KINDS = frozenset({"lesion-osteolytic", "lesion-osteoblastic", "lesion-mixed"})


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause: the words of the list of findings that it says, those that it names of the patient at all (not of a
    relative), the bone it names, and the words it only suspects."""

    text: RequestText
    said: frozenset[str]
    named: frozenset[str]
    bone: BoneSite | None
    doubted: frozenset[str] = frozenset()
    lesion: bool = False  # it calls what it is about a lesion

    def of_bone(self, *, of_itself: bool = False) -> bool:
        """Whether its words are about bone: it names one (or the text ``of_itself`` is about one) and no other organ
        beside it."""
        return (self.bone is not None or of_itself) and ELSEWHERE not in self.said


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence: what it says, doubts and denies, and its clauses."""

    text: RequestText
    said: frozenset[str]
    doubted: frozenset[str]
    denied: frozenset[str]
    clauses: tuple[Clause, ...]


class NarrativeReader:
    """Reads texts with the list of findings and the list of body sites."""

    def __init__(self, terminology: Terminology, sites: SiteReader) -> None:
        self._terminology, self.sites = terminology, sites
        self._ends, self._lesion = sentence_ends(terminology), re.compile(pattern(terminology.wording.lesions))
        # Imaging, lesions and spread read the same reports, and most sentences of reports are written every day.
        self._known = lru_cache(maxsize=SENTENCES)(self._sentence)

    def sentences(self, text: str | None) -> Iterator[Sentence]:
        """The sentences of a text that say anything. One that says only what the lesion of the sentence before is
        (骨质破坏。转移不除外。) is read as a clause of that."""
        before: Sentence | None = None
        for part in split(text, self._ends):
            sentence = self._read(part)
            short = before is not None and len(before.text) + len(part) <= LONGEST_JOINED
            if before and short and _is_lesion(before) and _is_nature(sentence):
                before = self._read(f"{before.text}, {part}")
                continue
            if before:
                yield before
            before = sentence
        if before:
            yield before

    def _read(self, part: str) -> Sentence:
        return (self._known if len(part) <= CACHED_TEXT else self._sentence)(part)

    def _sentence(self, part: str) -> Sentence:
        read = self._terminology.read("finding", part)
        states = read.unsaid
        return Sentence(
            RequestText(part),
            frozenset(row.concept for row in read.rows),
            frozenset(c for c, state in states.items() if state == "suspected"),
            frozenset(c for c, state in states.items() if state == "negated"),
            tuple(self._clauses(part, states)),
        )

    def _clauses(self, sentence: str, states: Mapping[str, str]) -> Iterator[Clause]:
        """``states``: what the sentence takes back, in whichever clause: 未见溶骨性及成骨性骨质破坏 denies both."""
        for part in _CLAUSE.split(sentence):
            if part := part.strip():
                read = self._terminology.read("finding", part)
                unsaid = dict(read.unsaid) | {
                    row.concept: states[row.concept] for row in read.rows if row.concept in states
                }
                said = frozenset(row.concept for row in read.rows if row.concept not in states)
                named = said | {concept for concept, state in unsaid.items() if state != "relative"}
                doubted = frozenset(concept for concept, state in unsaid.items() if state == "suspected")
                lesion = self._lesion.search(plain(part)) is not None
                yield Clause(RequestText(part), said, named, self.sites.of((), (part,)).bone, doubted, lesion)

    def names_a_bone(self, text: str | None) -> bool:
        """Whether any clause of a text names a bone."""
        return any(clause.bone for sentence in self.sentences(text) for clause in sentence.clauses)


def _is_lesion(sentence: Sentence) -> bool:
    """Whether it shows a lesion of bone and says nothing of its nature."""
    if NATURE & (sentence.said | sentence.doubted | sentence.denied):
        return False
    return any(c.of_bone() and (c.lesion or (KINDS | {EQUIVOCAL}) & c.said) for c in sentence.clauses)


def _is_nature(sentence: Sentence) -> bool:
    """Whether it says, doubts or denies what something is, and of no place of its own."""
    named = sentence.said | sentence.doubted | sentence.denied
    if not NATURE & named or named & {ELSEWHERE, NEW, *KINDS}:
        return False
    return all(c.bone is None or c.bone.name == BONE for c in sentence.clauses)


def sentence_ends(terminology: Terminology) -> re.Pattern[str]:
    """What ends a sentence: a stop, or the place before a new heading."""
    heading = rf"(?<=[？?,，、\s])(?=(?:{pattern(terminology.wording.headings)})\s*[:：])"
    return re.compile(rf"[。；;\n\r！]|\.(?=\s|$)|{heading}", re.IGNORECASE)


def split(text: str | None, ends: re.Pattern[str]) -> Iterator[str]:
    """The sentences of a text, as far as it is read."""
    yield from filter(None, map(str.strip, ends.split((text or "")[:LONGEST])))


def pattern(words: Words) -> str:
    """A pattern for words of both languages: English ones as whole words, Chinese ones anywhere, longer ones first."""
    spelt = sorted(map(plain, words.all()), key=len, reverse=True)
    return "|".join(rf"\b{re.escape(w)}\b" if w.isascii() else re.escape(w) for w in spelt)


def headed(words: Words) -> re.Pattern[str]:
    """A pattern for a sentence that begins with one of these words and a colon."""
    return re.compile(rf"(?:{pattern(words)})\W*:")


def quoted(text: str) -> RequestText:
    """A text as a card quotes it."""
    text = " ".join(text.split())
    return RequestText(text if len(text) <= QUOTED else f"{text[: QUOTED - 1]}…")
