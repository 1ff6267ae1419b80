"""Names of drugs, diagnoses, results and procedures in uncoded text, Chinese and English."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

from cds_service.knowledge.codelists import STATUSES, Row
from cds_service.knowledge.model import File

# Longer text is narrative; what it is about stands at its beginning.
MAX_TEXT = 1_000

_CJK = "\u3400-\u9fff"
_has_cjk = re.compile(f"[{_CJK}]").search
_clauses = re.compile(r"[,;。\n]").split
_tokens = re.compile(f"[{_CJK}]+|[a-z0-9]+|\\?").findall
_words = re.compile(r"[^\W_]+|\?").findall
_squeeze = re.compile(r"[\s()\[\]{}·‐\-]+")


class Words(File, frozen=True):
    """Words of both languages."""

    zh: list[str]
    en: list[str]


class Wording(File, frozen=True):
    """``wording.yaml``: what stands around a name."""

    drug_prefixes: list[str]
    drug_suffixes: list[str]
    negation: Words
    diagnosis_negation: Words
    harmless: Words
    cut: Words


def plain(text: str) -> str:
    """Full-width and compatibility characters folded, lower case."""
    return unicodedata.normalize("NFKC", text).casefold()


def squeezed(text: str) -> str:
    """Plain text without spaces, brackets and hyphens: how Chinese names are looked for."""
    return _squeeze.sub("", text)


def worded(text: str) -> str:
    """Plain text as words with single spaces around: how English names are looked for, on word boundaries."""
    return f" {' '.join(_words(text))} "


def is_chinese(text: str) -> bool:
    """Whether a name is looked for as Chinese: it has a Chinese character."""
    return bool(_has_cjk(text))


class Names:
    """The names of one domain. Longest first; a longer name covers the shorter ones inside it."""

    def __init__(self, rows: Iterable[Row], wording: Wording, domain: str) -> None:
        self._wording = wording
        self._drugs = domain == "drug"
        # A result's name is not negated ("calcium, no fasting"), and its commas belong to it ("calcium, ionized").
        self._negatable = domain != "observation"
        self._no = _joined(wording.negation, wording.diagnosis_negation if domain == "condition" else None)
        zh: dict[str, list[Row]] = {}
        en: dict[str, list[Row]] = {}
        self._token: dict[str, list[Row]] = {}
        self._barring: list[tuple[str, bool, str]] = []  # text, Chinese, the concept it rules out
        for row in rows:
            chinese = is_chinese(row.code)
            for key in self._keys(row.code, chinese):
                if row.match == "exclude" and "anywhere" in row.flags:
                    self._barring.append((key, chinese, row.concept))
                else:
                    target = self._token if "token" in row.flags else zh if chinese else en
                    _best(target.setdefault(key, []), row)
        for key, known in zh.items():
            # A form or salt in front or behind makes a name neither another nor less certain.
            for row in zh.get(self._bare(key, 3), ()):
                _best(known, row)
        self._zh = sorted(zh.items(), key=lambda item: -len(item[0]))
        self._en = sorted(en.items(), key=lambda item: -len(item[0]))

    def barred(self, text: str) -> frozenset[str]:
        """Concepts a text rules out wherever the word stands in it (urine, ratio ...)."""
        text = plain(text[:MAX_TEXT])
        zh, en = squeezed(text), worded(text)
        return frozenset(concept for key, chinese, concept in self._barring if key in (zh if chinese else en))

    def find(self, text: str) -> tuple[Row, ...]:
        """Rows whose names the text states, not those it negates; one per concept and product, longest names first."""
        found: dict[tuple[str, str | None], Row] = {}
        for clause in self._stated(plain(text[:MAX_TEXT])):
            for row in self._in_clause(clause):
                other = found.setdefault((row.concept, row.product), row)
                if _better(row, other):
                    found[row.concept, row.product] = row
        return tuple(found.values())

    def _stated(self, text: str) -> Iterator[str]:
        """The clauses that state something. One that only negates ("lung cancer, suspected") unsays the one before."""
        if not self._negatable:
            yield text
            return
        kept: list[str] = []
        for whole in _clauses(text):
            clause = self._before_cut(whole)
            negated, alone = self._negated(clause)
            if not negated:
                kept.append(clause)
            elif alone and kept:
                kept.pop()
        yield from kept

    def _before_cut(self, clause: str) -> str:
        for word in self._wording.cut.zh:
            clause = clause.split(word, maxsplit=1)[0]
        for word in self._wording.cut.en:
            clause = re.split(rf"\b{word}\b", clause, maxsplit=1)[0]
        return clause

    def _negated(self, clause: str) -> tuple[bool, bool]:
        """Whether a clause has a negating word, and whether it has nothing else."""
        zh, en = squeezed(clause), worded(clause)
        for word in self._wording.harmless.zh:
            zh = zh.replace(word, "")
        for word in self._wording.harmless.en:
            en = en.replace(f" {word} ", "  ")
        for word in self._no.zh:
            if word in zh:
                return True, len(zh.strip(":. ")) <= len(word)
        for word in self._no.en:
            if f" {word} " in en:
                return True, en.strip() == word
        return False, False

    def _in_clause(self, clause: str) -> Iterator[Row]:
        zh, en = squeezed(clause), worded(clause)
        for key, rows in self._zh:
            if key in zh:
                zh = zh.replace(key, "|")
                yield from _included(rows)
        for key, rows in self._en:
            if f" {key} " in en:
                en = en.replace(f" {key} ", "  ")
                yield from _included(rows)
        for token in _tokens(clause):
            for key in {token, self._bare(token, 2)}:
                yield from _included(self._token.get(key, ()))

    def _keys(self, name: str, chinese: bool) -> set[str]:
        name = plain(name)
        if not chinese:
            word = worded(name).strip()
            return {word} if word.endswith("s") else {word, f"{word}s"}
        name = squeezed(name)
        keys = {name, self._bare(name, 3)}
        # The two characters are confused in data; only inside these names is one the other.
        return keys | ({key.replace("膦酸", "磷酸") for key in keys} if self._drugs else set())

    def _bare(self, name: str, least: int) -> str:
        """A drug's name without salt and form, as long as ``least`` characters of it remain."""
        if not self._drugs:
            return name
        for word in self._wording.drug_prefixes:
            if name.startswith(word) and len(name) - len(word) >= least:
                name = name.removeprefix(word)
        again = True
        while again:
            again = False
            for word in self._wording.drug_suffixes:
                if name.endswith(word) and len(name) - len(word) >= least:
                    name, again = name.removesuffix(word), True
        return name


def _joined(words: Words, more: Words | None) -> Words:
    return Words(words.zh + more.zh, words.en + more.en) if more else words


def _best(rows: list[Row], row: Row) -> None:
    """One row per concept and name: the better verified one."""
    for index, other in enumerate(rows):
        if other.concept == row.concept:
            if _better(row, other):
                rows[index] = row
            return
    rows.append(row)


def _better(row: Row, other: Row) -> bool:
    return STATUSES.index(row.status) < STATUSES.index(other.status)


def _included(rows: Iterable[Row]) -> Iterator[Row]:
    return (row for row in rows if row.match != "exclude")
