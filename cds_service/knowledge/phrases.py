"""What is said of a place in several words: a part of the body, and what goes on there (``phrases.yaml``).

Parts before a process are a list ("骨、脑转移", "bone and brain metastases"), parts after it too ("metastasis to
spine", "多发转移(骨、肝)"). Between them stand only words known to say nothing; any other word ends the phrase.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cds_service.knowledge.codelists import Row
from cds_service.knowledge.model import File
from cds_service.knowledge.words import Found, Unit

# What a word does in a phrase, beside being a part or a process.
FILLER, MARKER, LINK, TOWARD, AWAY, OTHER = "filler", "marker", "link", "toward", "away", "other"
COMMA, STOP, BRACKET = "comma", "stop", "bracket"
ATTRIBUTE, CONTRAST, CLOSING, FORM, ASKING, MEASURE = "attribute", "contrast", "closing", "form", "asking", "measure"
# A word like "findings"; a name that begins with a doubt ("suspicious for metastasis").
OBSERVED, DOUBT = "observed", "doubt"
COMPARED = "compared"  # between two things of which one is meant (转移与退变鉴别)
SPREAD = "spread"  # a stage that says "metastatic": what stands in brackets behind it is where (M1c（骨、脑）)
METASTASIS, CANCER = "metastasis", "cancer"
OF_LESIONS = (METASTASIS, "lesion-")  # lists whose words stand together: how many, of which kind, what they are


class Words(File, frozen=True):
    """Words of both languages, with commas between."""

    zh: str = ""
    en: str = ""

    def all(self) -> Iterator[str]:
        """Each word."""
        for words in (self.zh, self.en):
            yield from filter(None, map(str.strip, words.split(",")))


class Pair(File, frozen=True):
    """A process in one of these parts says these concepts. ``flags`` as in a code list."""

    parts: list[str]
    process: str
    says: list[str]
    flags: list[str] = []


class Phrases(File, frozen=True):
    """The words of one domain. ``bridged``: so many unknown characters may stand inside one Chinese word.

    ``attributes``: processes that stand before the part too ("metastatic bone disease").
    """

    parts: dict[str, Words] = {}
    processes: dict[str, Words] = {}
    attributes: dict[str, Words] = {}
    pairs: list[Pair] = []
    bridged: int = 0
    fillers: Words = Words()
    markers: Words = Words()  # of a tumour: fillers that can be negative without the tumour being so
    links: Words = Words()
    toward: Words = Words()
    away: Words = Words()
    other: Words = Words()
    spread: Words = Words()  # stages that say "metastatic", as words; those of TNM are a notation


class Cue(NamedTuple):
    """A word that takes something back. ``where`` what it is about stands: after, before, on one or both sides."""

    state: str
    where: str  # before: the cue stands before what it is about; after; around; between
    only: frozenset[str]
    asked: bool = False
    last: bool = False  # only where nothing of ours is said after it
    compares: bool = False  # it is about both of two things that a word joins
    concludes: bool = False  # of a metastasis it takes nothing back


@dataclass(slots=True)
class Meaning:
    """All that one word means in a domain."""

    rows: list[Row] = field(default_factory=list)
    bars: set[str] = field(default_factory=set)
    part: str | None = None
    process: str | None = None
    cue: Cue | None = None
    roles: set[str] = field(default_factory=set)
    guarded: bool = False  # some of its names count only where they stand by themselves

    @property
    def breaks(self) -> bool:
        """Whether a phrase cannot go on over this word."""
        excluded = bool(self.rows) and all(row.match == "exclude" for row in self.rows)
        return excluded or bool(self.roles & {STOP, AWAY, OTHER}) or self.only_observed

    @property
    def only_observed(self) -> bool:
        """Whether it is a word like "findings", and says nothing else: to a phrase as good as unknown."""
        return OBSERVED in self.roles and not (self.rows or self.part or self.process or self.roles - {OBSERVED})


class Mention(NamedTuple):
    """Something of ours said by the words from ``start`` up to ``end``."""

    start: int
    end: int
    rows: tuple[Row, ...]


Word = Found[Meaning]
Said = Mapping[tuple[str, str], tuple[Row, ...]]  # part, process -> what that is


class _Process(NamedTuple):
    name: str
    start: int
    bound: bool  # to parts before it


class Composer:
    """Reads the words of one text from left to right, once."""

    def __init__(self, words: Sequence[Word], units: Sequence[Unit], said: Said, bridged: int) -> None:
        self._words, self._units, self._said, self._most_bridged = words, units, said, bridged
        self._bridged = 0
        self._mentions: list[Mention] = []
        self._parts: list[str] = []
        self._from = 0
        self._comma = False
        self._open: list[_Process] = []
        self._reach = ""  # why parts after a process are its own: toward, attribute, bracket, comma
        self._staged, self._since = False, 0  # whether a stage says "metastatic"; the mentions before this phrase
        self._closes = self._ends()

    def mentions(self) -> list[Mention]:
        """What the text says, in order of the first word; a phrase replaces the name its process would be alone."""
        for at, word in enumerate(self._words):
            meaning = word.what
            if meaning is not None and not meaning.breaks:
                self._take(at, meaning)
            elif meaning is not None or not self._bridges(at):
                self._clear()
        return sorted(self._mentions, key=lambda mention: mention[:2])

    def _clear(self) -> None:
        self._parts, self._open, self._comma, self._reach = [], [], False, ""
        self._staged, self._since = False, len(self._mentions)

    def _bridges(self, at: int) -> bool:
        """Whether an unknown character stands inside a Chinese word, after its part: 左肺上叶尖后段腺癌."""
        unit, before = self._units[self._words[at].start], self._units[self._words[at].start - 1]
        self._bridged += 1
        inside = bool(self._parts) and at > 0 and before.end == unit.start and before.chinese and unit.chinese
        return inside and self._bridged <= self._most_bridged

    def _take(self, at: int, meaning: Meaning) -> None:
        named = tuple(row for row in meaning.rows if row.match != "exclude")
        self._staged |= SPREAD in meaning.roles
        if meaning.process:
            if not self._process(at, meaning.process, meaning.roles) and named:
                self._mentions.append(Mention(at, at + 1, named))
            return
        if named:
            self._mentions.append(Mention(at, at + 1, named))
        if meaning.part:
            self._part(at, meaning.part)
        elif named:
            self._parts, self._comma = [], False
        elif COMMA in meaning.roles:
            self._comma = bool(self._parts)
            self._towards(COMMA)
        elif TOWARD in meaning.roles:
            self._reach = TOWARD if self._open else ""
        elif BRACKET in meaning.roles:
            if self._staged and self._of_cancer():
                self._open, self._reach = [_Process(METASTASIS, at, bound=False)], BRACKET
            else:
                self._towards(BRACKET)
        elif self._reach == BRACKET and self._units[self._words[at].start].text == ")":
            self._open, self._reach, self._staged = [], "", False

    def _towards(self, why: str) -> None:
        """A comma or bracket leads from a process to its part only where no part stood before the process. Behind a
        comma "metastatic" is no longer said of what follows: "metastatic lung cancer, bone scan ordered"."""
        if (self._reach, why) == (ATTRIBUTE, COMMA):
            self._reach = COMMA
        if self._open and self._reach in ("", COMMA):
            self._open = [process for process in self._open if not process.bound]
            self._reach = why if self._open else ""

    def _part(self, at: int, part: str) -> None:
        if self._reach and self._reaches(at):
            for process in self._open:
                self._say(part, process.name, process.start, at + 1)
        if not self._parts:
            self._from = at
        self._parts.append(part)
        self._comma, self._bridged = False, 0

    def _of_cancer(self) -> bool:
        """Whether this phrase names a cancer: a pressure sore and a kidney have a stage IV too."""
        cancers = {row.concept for (_, process), rows in self._said.items() if process == CANCER for row in rows}
        return any(row.concept in cancers for m in self._mentions[self._since :] for row in m.rows)

    def _reaches(self, at: int) -> bool:
        """Whether a part behind a process is a place of it: behind a comma only where nothing else follows, in brackets
        where no other word goes on ("metastases (bone scan)")."""
        if self._reach == BRACKET and at + 1 < len(self._words):
            meaning = self._words[at + 1].what
            return meaning is not None and not (meaning.breaks and STOP not in meaning.roles)
        return self._reach != COMMA or bool(self._closes[at + 1])

    def _process(self, at: int, process: str, roles: set[str]) -> bool:
        """Whether the parts before it are said to have it."""
        bound = bool(self._parts) and (not self._comma or bool(self._closes[at + 1]))
        said = [self._say(part, process, self._from, at + 1) for part in self._parts] if bound else []
        self._open = [other for other in self._open if other.name != process][-1:]
        self._open.append(_Process(process, at, bound))
        # "Carcinoma lung": without a word between, a part is its own only where nothing else follows.
        self._reach = ATTRIBUTE if ATTRIBUTE in roles else "" if bound else COMMA
        self._parts, self._comma = [], False
        return any(said)

    def _say(self, part: str, process: str, start: int, end: int) -> bool:
        rows = self._said.get((part, process))
        if rows:
            self._mentions.append(Mention(start, end, rows))
        return bool(rows)

    def _ends(self) -> bytearray:
        """For each word whether from it on only parts and fillers stand before the clause ends."""
        closes = bytearray([1] * (len(self._words) + 1))
        for at in range(len(self._words) - 1, -1, -1):
            meaning = self._words[at].what
            if meaning is None or meaning.breaks or COMMA in meaning.roles:
                closes[at] = meaning is not None and bool(meaning.roles & {COMMA, STOP})
            else:
                closes[at] = closes[at + 1] and not meaning.process
        return closes
