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
from cds_service.facts.narrative import (
    BENIGN,
    ELSEWHERE,
    EQUIVOCAL,
    KINDS,
    METASTASIS,
    NEW,
    Clause,
    NarrativeReader,
    Sentence,
    headed,
    pattern,
    quoted,
)
from cds_service.knowledge.terminology import BONE, Terminology
from cds_service.knowledge.words import plain

Reading = Literal["positive", "equivocal", "negative", "not-read"]
READINGS: dict[str, Reading] = {
    "reading-positive": "positive",
    "reading-equivocal": "equivocal",
    "reading-negative": "negative",
}
NEGATIVE, MARROW = "reading-negative", "marrow"
DECIDING = frozenset({METASTASIS, *READINGS})
STUDIES = ("naf-pet", "bone-scan", "pet-mri", "pet-ct", "mri-whole-body", "mri-bone", "mri", "ct-bone", "ct")
POSITIVE = "reading-positive"
COUNTED = frozenset({"lesion-multiple", "lesion-solitary", NEW})  # "multiple osseous and hepatic metastases"
# Results in one sign: a bracket, or what ends a clause behind a colon.
_MINUS, _BOTH, _PLUS = "[-‐−–—]", r"±|\+/-|-/\+", r"\+{1,4}"
_SIGN = re.compile(rf"(?:[(:]\s*|\s)(?:(?P<both>{_BOTH})|(?P<minus>{_MINUS})|(?P<plus>{_PLUS}))(?:\)|$)")
_SIGNED = {"both": EQUIVOCAL, "minus": NEGATIVE, "plus": POSITIVE}
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
        self._background = re.compile(pattern(wording.background))
        self._heading, self._concluding = headed(wording.background), headed(wording.concluding)
        self._partly = re.compile(pattern(wording.partly))
        self._signs = frozenset(map(plain, wording.signs.all()))
        self._beside = re.compile(rf"{pattern(wording.signs)}|{pattern(wording.beside_signs)}|[\W\d_]")

    def read(self, text: str | None, kind: str) -> ReadText:
        """``kind``: which study it reports."""
        found: dict[Reading, RequestText] = {}
        background: dict[Reading, RequestText] = {}
        uptake: dict[Reading, RequestText] = {}  # what was seen before the report concludes, and nothing said of it
        spine = nothing_found = False
        for sentence in self._narratives.sentences(text):
            reading, words = self._of_sentence(sentence, kind), _words(sentence)
            if self._concluding.match(self._plain(sentence.text)) and found.keys() == {"equivocal"}:
                uptake, found = found, {}
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
        found = found or uptake
        if not nothing_found or found.keys() - {"negative"}:
            found = background | found
        reading = one(found)
        return ReadText(reading, found.get(reading) or (quoted(text) if text else None), spine)

    def _of_sentence(self, sentence: Sentence, kind: str) -> Reading | None:
        said, doubted, denied = self._said(sentence, kind), sentence.doubted, sentence.denied
        if _is_elsewhere(sentence):
            said, doubted, denied = (told - {METASTASIS} for told in (said, doubted, denied))
        if METASTASIS in said or POSITIVE in said:
            return "positive"
        if METASTASIS in doubted:
            return "equivocal"
        if BENIGN in said | doubted and _is_explained(sentence):
            return "negative"
        uptake = EQUIVOCAL in said | doubted
        if METASTASIS in denied or NEGATIVE in said or (KINDS & denied and not KINDS & (said | doubted)):
            # "Uptake in T8, the other bones are normal": the rest does not speak for it.
            return "equivocal" if uptake and not self._finds_nothing(sentence.clauses) else "negative"
        if uptake:
            return "equivocal"
        return "negative" if EQUIVOCAL in denied else None

    def _said(self, sentence: Sentence, kind: str) -> frozenset[str]:
        """What it says; a result of one word or sign only where it is one of the study."""
        said = set(sentence.said)
        for concept in {POSITIVE, NEGATIVE} & said:
            if not any(self._is_result(c, concept, kind) for c in sentence.clauses if concept in c.said):
                said.discard(concept)
        for clause in sentence.clauses:
            sign = _SIGN.search(self._plain(clause.text))
            if sign and self._is_of_study(clause, kind):
                said.add(_SIGNED[sign.lastgroup or ""])
        return frozenset(said)

    def _is_result(self, clause: Clause, concept: str, kind: str) -> bool:
        """Whether a word of a result is more than 阳性 alone, or of the study: "EGFR阳性" is none of it."""
        rows = (row.code for row in self._terminology.read("finding", clause.text).rows if row.concept == concept)
        bare = all(plain(code) in self._signs or not code.strip("()+ ") for code in rows)
        return not bare or METASTASIS in clause.named or self._is_of_study(clause, kind)

    def _is_of_study(self, clause: Clause, kind: str) -> bool:
        """Whether a clause names the study or a bone, or holds nothing but a result."""
        named = self._terminology.read("procedure", clause.text)
        studies = {row.concept for row in named.rows} | named.unsaid.keys()
        if kind in studies:
            return True
        if not studies.isdisjoint(STUDIES):
            return False
        return clause.bone is not None or not self._beside.sub("", self._plain(clause.text))

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


def _is_elsewhere(sentence: Sentence) -> bool:
    """Whether every metastasis that it names is of another organ: 双肺多发结节，考虑转移. A place holds over commas."""
    elsewhere = found = False
    for clause in sentence.clauses:
        if clause.bone:
            elsewhere = False
        elif ELSEWHERE in clause.named:
            elsewhere = True
        if METASTASIS in clause.named or (clause.bone and clause.named <= COUNTED):
            found = found or METASTASIS in clause.named
            if not elsewhere:
                return False
    return found


def _is_explained(sentence: Sentence) -> bool:
    """Whether a joint or an old fracture explains the uptake of its sentence: not what an inflamed lung stands beside,
    nor what is seen in another bone after it (肋骨陈旧性骨折，T8浓聚)."""
    benign = [n for n, clause in enumerate(sentence.clauses) if BENIGN in clause.named and ELSEWHERE not in clause.said]
    if not benign:
        return False
    places = [sentence.clauses[n].bone for n in benign]
    left = (c for c in sentence.clauses[benign[-1] + 1 :] if EQUIVOCAL in c.said | c.doubted and c.bone)
    return all(c.bone and (None in places or c.bone.is_one_of(places)) for c in left)


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
