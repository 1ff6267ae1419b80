"""Names of drugs, diagnoses, results and procedures in uncoded text, Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from cds_service.knowledge.clauses import Clauses
from cds_service.knowledge.codelists import NAMES, Row
from cds_service.knowledge.phrases import (
    ASKING,
    ATTRIBUTE,
    AWAY,
    CLOSING,
    COMPARED,
    CONTRAST,
    DOUBT,
    FILLER,
    FORM,
    LINK,
    MARKER,
    MEASURE,
    METASTASIS,
    OBSERVED,
    OF_LESIONS,
    OTHER,
    SPREAD,
    STOP,
    TOWARD,
    Composer,
    Cue,
    Meaning,
    Mention,
    Pair,
    Phrases,
    Words,
)
from cds_service.knowledge.readings import Reading, better_of, reading
from cds_service.knowledge.spelling import Spelling
from cds_service.knowledge.wording import MARKS, TAKEN_BACK, VERTEBRA, Wording, marks, splitter
from cds_service.knowledge.words import Found, Lexicon, Unit, apart, is_chinese

NEGATIVE = "reading-negative"  # the list whose names deny something themselves


class Names:
    """The names of one domain. A longer name covers the shorter ones inside it."""

    def __init__(self, rows: Iterable[Row], wording: Wording, phrases: Phrases, domain: str) -> None:
        self._domain = domain
        self._wording = wording
        self._bridged = phrases.bridged
        self._lexicon: Lexicon[Meaning] = Lexicon()
        self._splitter = splitter(domain, wording)
        self._filler = Meaning(roles={FILLER})
        rows = tuple(rows)
        for row in rows:
            self._add(row)
        for row in rows:
            self._settle(row)
        if domain == "finding":
            self._add_held(rows)
        self._add_marks()
        self._add_phrases(phrases)
        if domain in TAKEN_BACK:
            self._add_cues()
            self._add_begun(rows)
        if domain == "drug":
            for form in (*wording.drug_prefixes, *wording.drug_suffixes):
                self._role(form, FORM)
        self._said = {(part, p.process): tuple(_rows(p, domain)) for p in phrases.pairs for part in p.parts}
        self._spelling = Spelling(self._lexicon.vocabulary if domain == "drug" else ())

    def find(self, text: str) -> tuple[Row, ...]:
        """Rows whose names the text states and does not take back, longest first; one per concept and product."""
        return self.read(text).rows

    def read(self, text: str) -> Reading:
        """What the text says. Bounded: no more than its first ``MAX_TEXT`` characters are looked at."""
        units, corrected = self._spelled(self._splitter.units(text))
        candidates = list(self._lexicon.words([f"\0{u.kind}" if u.kind else u.text for u in units]))
        barred = frozenset(c for word in candidates if word.what for c in word.what.bars)
        words = apart(self._fitting(candidates, units), units)
        words = [self._known(word, units) for word in words]
        mentions = Composer(words, units, self._said, self._bridged).mentions()
        if not mentions:
            return Reading((), {}, barred)
        states = Clauses(words, units, mentions).states()
        return reading(
            mentions, states, barred, lambda mention: bool(corrected) and _overlaps(mention, words, corrected)
        )

    def _spelled(self, units: list[Unit]) -> tuple[list[Unit], frozenset[int]]:
        """The units with plain typing errors mended, and which those are."""
        if self._domain != "drug":
            return units, frozenset()
        mended = {at: word for at, unit in enumerate(units) if (word := self._spelling.mend(unit.text))}
        if not mended:
            return units, frozenset()
        return [u._replace(text=mended.get(at, u.text)) for at, u in enumerate(units)], frozenset(mended)

    def _known(self, word: Found[Meaning], units: Sequence[Unit]) -> Found[Meaning]:
        """A number says nothing by itself."""
        return word._replace(what=self._filler) if word.what is None and units[word.start].text.isdigit() else word

    def _fitting(self, words: list[Found[Meaning]], units: Sequence[Unit]) -> list[Found[Meaning]]:
        """Without names that must stand by themselves and do not."""
        if not any(word.what and word.what.guarded for word in words):
            return words
        # Beside a drug's name another may stand; elsewhere only what says nothing.
        near = words if self._domain == "drug" else [w for w in words if w.what and w.what.roles & {FILLER, FORM}]
        starts, ends = {w.start for w in near}, {w.end for w in near}
        kept: list[Found[Meaning]] = []
        for word in words:
            meaning = word.what
            if meaning is None or not meaning.guarded:
                kept.append(word)
                continue
            rows = [row for row in meaning.rows if self._stands(row, word, words, units, starts, ends)]
            if rows or meaning.part or meaning.process or meaning.roles or meaning.cue:
                kept.append(word._replace(what=replace(meaning, rows=rows)))
        return kept

    def _stands(
        self,
        row: Row,
        word: Found[Meaning],
        words: Sequence[Found[Meaning]],
        units: Sequence[Unit],
        starts: set[int],
        ends: set[int],
    ) -> bool:
        if "alone" in row.flags and not self._alone(word, words, units):
            return False
        left = word.start == 0 or word.start in ends or not _glued(units, word.start)
        right = word.end == len(units) or word.end in starts or not _glued(units, word.end)
        return left and (right or "token" not in row.flags)

    def _alone(self, word: Found[Meaning], words: Sequence[Found[Meaning]], units: Sequence[Unit]) -> bool:
        """Whether nothing but words that say nothing stands beside it: of a drug, numbers too ("calcium 600 mg")."""
        silent = {at for w in words if w.what and w.what.roles & {FILLER, FORM} for at in range(w.start, w.end)}
        rest = (at for at in range(len(units)) if not word.start <= at < word.end)
        return all(at in silent or (self._domain == "drug" and units[at].text.isdigit()) for at in rest)

    # Making

    def _at(self, word: str) -> Iterator[Meaning]:
        """What a word means so far, in each spelling under which it is found."""
        if word == VERTEBRA:
            yield self._lexicon.at(("\0vertebra",), Meaning)
            return
        key = self._splitter.key(word)
        if not key:
            return
        yield self._lexicon.at(key, Meaning)
        if not is_chinese(word) and key[-1].isalpha() and not key[-1].endswith("s"):
            yield self._lexicon.at((*key[:-1], f"{key[-1]}s"), Meaning)

    def _role(self, word: str, role: str) -> None:
        for meaning in self._at(word):
            meaning.roles.add(role)

    def _settle(self, row: Row) -> None:
        """A form or salt in front or behind makes a name neither another nor less certain."""
        bare = self._bare(row.code)
        if bare != row.code and row.match != "exclude":
            for meaning in self._at(row.code):
                for known in next(self._at(bare)).rows:
                    better_of(meaning.rows, known)

    def _add(self, row: Row) -> None:
        if row.match == "exclude" and "anywhere" in row.flags:
            for meaning in self._at(row.code):
                meaning.bars.add(row.concept)
            return
        for name in {row.code, self._bare(row.code)}:
            for meaning in self._at(name):
                better_of(meaning.rows, row)
                meaning.guarded |= bool(row.flags & {"token", "alone"}) or (
                    self._domain == "observation" and is_chinese(name)
                )

    def _add_held(self, rows: Iterable[Row]) -> None:
        """What a name of lesions holds, it says too: 考虑多发骨转移 how many, 硬化性骨转移 that it is a metastasis."""
        for row in rows:
            if row.match == "exclude" or not row.concept.startswith(OF_LESIONS):
                continue
            inside = self._lexicon.words(self._splitter.key(row.code))
            held = [other for word in inside if word.what for other in word.what.rows]
            for other in held:
                if other.match != "exclude" and other.concept.startswith(OF_LESIONS):
                    for meaning in self._at(row.code):
                        better_of(meaning.rows, other)

    def _bare(self, name: str) -> str:
        """A Chinese drug's name without salt and form, as long as three characters of it remain."""
        if self._domain != "drug" or not is_chinese(name):
            return name
        for word in self._wording.drug_prefixes:
            if name.startswith(word) and len(name) - len(word) >= 3:
                name = name.removeprefix(word)
        again = True
        while again:
            again = False
            for word in self._wording.drug_suffixes:
                if name.endswith(word) and len(name) - len(word) >= 3:
                    name, again = name.removesuffix(word), True
        return name

    def _add_marks(self) -> None:
        for mark in marks(self._domain):
            if mark in MARKS:
                self._lexicon.at((mark,), Meaning).roles.add(MARKS[mark])
        self._lexicon.at(("\0stage",), Meaning).roles.add(FILLER)
        self._lexicon.at(("\0spread",), Meaning).roles.update((FILLER, SPREAD))
        self._lexicon.at(("\0spread_letter",), Meaning).process = METASTASIS
        self._lexicon.at(("\0stop",), Meaning).roles.add(STOP)
        self._lexicon.at(("\0vertebra",), Meaning).part = "bone"

    def _add_phrases(self, phrases: Phrases) -> None:
        for part, words in phrases.parts.items():
            for meaning in self._each(words):
                meaning.part = part
        for groups, role in ((phrases.processes, None), (phrases.attributes, ATTRIBUTE)):
            for process, words in groups.items():
                for meaning in self._each(words):
                    meaning.process = process
                    meaning.roles |= {role} if role else set()
        for words, role in (
            (phrases.fillers, FILLER),
            (phrases.markers, MARKER),
            (phrases.links, LINK),
            (phrases.toward, TOWARD),
            (phrases.away, AWAY),
            (phrases.other, OTHER),
            (phrases.spread, SPREAD),
        ):
            for meaning in self._each(words):
                meaning.roles.add(role)

    def _each(self, words: Words) -> Iterator[Meaning]:
        for word in words.all():
            yield from self._at(word)

    def _add_cues(self) -> None:
        self._lexicon.at(("\0minus",), Meaning).cue = Cue("negated", "after", frozenset())
        for group in self._wording.cues:
            if self._domain in group.domains:
                sides = {"before": group.before, "after": group.after, "around": group.around, "between": group.between}
                for where, words in sides.items():
                    for meaning in self._each(words):
                        meaning.cue = Cue(
                            group.state, where, frozenset(group.only), group.asked, group.last, group.compares,
                            group.concludes,
                        )  # fmt: skip
        for words, role in (
            (self._wording.harmless, FILLER),
            (self._wording.contrast, CONTRAST),
            (self._wording.closing, CLOSING),
            (self._wording.asking, ASKING),
            (self._wording.measures, MEASURE),
            (self._wording.observed, OBSERVED),
            (self._wording.compared, COMPARED),
        ):
            for meaning in self._each(words):
                meaning.roles.add(role)

    def _add_begun(self, rows: Iterable[Row]) -> None:
        """Names that begin with a cue. One that takes something back goes on doing so: "no scintigraphic evidence of
        metastasis"; one that begins with a doubt is said to do so."""
        for row in rows:
            key = self._splitter.key(row.code)
            begins = [known.cue for end in range(1, len(key)) if (known := self._lexicon.get(key[:end])) and known.cue]
            for meaning in self._at(row.code) if begins else ():
                if row.concept == NEGATIVE:
                    meaning.cue = meaning.cue or begins[-1]
                elif begins[-1].state == "suspected":
                    meaning.roles.add(DOUBT)


def _rows(pair: Pair, domain: str) -> Iterator[Row]:
    """What a pair says, as rows. From ordinary language, like the names written for this project."""
    for concept in pair.says:
        code, flags = " + ".join((*pair.parts, pair.process)), frozenset({"low-confidence", *pair.flags})
        yield Row(concept, domain, NAMES[0], code, "", "exact", "M", None, flags, None, None)  # type: ignore[arg-type]


def _overlaps(mention: Mention, words: Sequence[Found[Meaning]], units: frozenset[int]) -> bool:
    return any(words[mention.start].start <= at < words[mention.end - 1].end for at in units)


def _glued(units: Sequence[Unit], at: int) -> bool:
    """Whether the unit goes on a Chinese word that the unit before it began."""
    before, after = units[at - 1], units[at]
    return before.end == after.start and before.chinese and after.chinese
