"""What the text of a report reads of bone metastases: positive, equivocal, negative, or nothing.

Uptake alone is never positive. Words of doubt and negation: ``narrative``. A report may begin with why the study was
done (肺癌骨转移复查, "known bone metastases"): that is no finding where the study then finds nothing. "The rest is
normal" speaks of the rest only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from cds_service.base.kinds import RequestText
from cds_service.facts.narrative import ELSEWHERE, METASTASIS, Clause, NarrativeReader, Sentence, quoted
from cds_service.knowledge.phrases import Words
from cds_service.knowledge.terminology import BONE, Terminology
from cds_service.knowledge.words import plain

Reading = Literal["positive", "equivocal", "negative", "not-read"]
READINGS: dict[str, Reading] = {
    "reading-positive": "positive",
    "reading-equivocal": "equivocal",
    "reading-negative": "negative",
}
NEGATIVE, EQUIVOCAL, NEW, MARROW = "reading-negative", "reading-equivocal", "lesion-new", "marrow"
DECIDING = frozenset({METASTASIS, *READINGS})
_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")  # of an earlier study


@dataclass(frozen=True, slots=True)
class ReadText:
    """What a text reads, its first clause that reads so, and whether what it reads is of the spine or the marrow."""

    reading: Reading
    words: RequestText | None
    spine: bool


class ReportText:
    """Reads the texts of reports."""

    def __init__(self, terminology: Terminology, narratives: NarrativeReader) -> None:
        self._terminology, self._narratives = terminology, narratives
        wording = terminology.wording
        self._folded = str.maketrans({old: new for new, olds in wording.traditional.items() for old in olds})
        before = _pattern(wording.background)
        self._background = re.compile(before)
        self._heading = re.compile(rf"(?:{before})\W*:")
        self._partly = re.compile(_pattern(wording.partly))

    def read(self, text: str | None, kind: str) -> ReadText:
        """``kind``: which study it reports."""
        found: dict[Reading, RequestText] = {}
        background: dict[Reading, RequestText] = {}
        spine = nothing_found = False
        for sentence in self._narratives.sentences(text):
            reading, words = _of_sentence(sentence), _words(sentence)
            if self._whole(sentence, kind):
                # What stands before "the scan is normal" is why it was done.
                found, background, reading = {}, {}, "negative"
            elif reading in ("positive", "equivocal") and self._is_background(sentence):
                background.setdefault(reading, words)
                reading = "negative" if self._finds_nothing(sentence.clauses) else None
            if reading:
                found.setdefault(reading, words)
                spine = spine or (reading != "negative" and _of_spine(sentence))
            nothing_found |= reading == "negative" and self._finds_nothing(sentence.clauses)
        if not nothing_found or found.keys() - {"negative"}:
            found = background | found
        reading = one(found)
        return ReadText(reading, found.get(reading) or (quoted(text) if text else None), spine)

    def _whole(self, sentence: Sentence, kind: str) -> bool:
        """Whether it ends by saying that the study itself is normal."""
        places = [n for n, clause in enumerate(sentence.clauses) if DECIDING & clause.named]
        last = sentence.clauses[places[-1]] if places else None
        if last is None or NEGATIVE not in last.said or self._is_partial(last):
            return False
        named = self._terminology.read("procedure", last.text)
        return kind in {row.concept for row in named.rows} | named.unsaid.keys()

    def _is_background(self, sentence: Sentence) -> bool:
        """Whether a metastasis that it names was known, or looked for, before the study."""
        if self._heading.match(self._plain(sentence.text)):
            return True
        naming = [c for c in sentence.clauses if METASTASIS in c.said | c.doubted]
        return bool(naming) and all(self._background.search(self._plain(c.text)) for c in naming)

    def _finds_nothing(self, clauses: Sequence[Clause]) -> bool:
        """Whether a clause says so, of the whole and not of a part or of the rest."""
        return any(_negative(clause) and not self._is_partial(clause) for clause in clauses)

    def _is_partial(self, clause: Clause) -> bool:
        if ELSEWHERE in clause.said or NEW in clause.named or (clause.bone and clause.bone.name != BONE):
            return True
        text = self._plain(clause.text)
        return bool(self._partly.search(text) or _YEAR.search(text))

    def _plain(self, text: str) -> str:
        return plain(text).translate(self._folded)


def _of_sentence(sentence: Sentence) -> Reading | None:
    said, doubted = sentence.said, sentence.doubted
    if METASTASIS in said or "reading-positive" in said:
        return "positive"
    if METASTASIS in doubted:
        return "equivocal"
    # A joint or an old fracture explains the uptake of its own sentence.
    if METASTASIS in sentence.denied or NEGATIVE in said or "benign-cause" in said | doubted:
        return "negative"
    if EQUIVOCAL in said | doubted:
        return "equivocal"
    return "negative" if EQUIVOCAL in sentence.denied else None


def _negative(clause: Clause) -> bool:
    denied = clause.named - clause.said - clause.doubted
    return NEGATIVE in clause.said or not {METASTASIS, EQUIVOCAL}.isdisjoint(denied)


def _words(sentence: Sentence) -> RequestText:
    deciding = sorted(sentence.clauses, key=lambda c: (METASTASIS not in c.named, not DECIDING & c.named))
    return quoted(deciding[0].text if deciding else sentence.text)


def _of_spine(sentence: Sentence) -> bool:
    return MARROW in sentence.said or any(c.bone and c.bone.name == "spine" for c in sentence.clauses)


def one(told: Iterable[Reading]) -> Reading:
    """Of several readings the one that must not be missed."""
    known = set(told)
    order: tuple[Reading, ...] = ("positive", "equivocal", "negative")
    return next((reading for reading in order if reading in known), "not-read")


def _pattern(words: Words) -> str:
    spelt = sorted(map(plain, words.all()), key=len, reverse=True)
    return "|".join(rf"\b{re.escape(w)}\b" if w.isascii() else re.escape(w) for w in spelt)
