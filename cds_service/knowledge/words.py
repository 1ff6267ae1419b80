"""A text as units, and the known words in it.

A unit is one Chinese character, a run of letters, a run of digits, or a mark of punctuation that says something. So
``CKD4期``, ``肺Ca`` and ``NSCLC骨转移`` fall apart where a reader sees two words, and spaces, brackets and hyphens in a
name do not matter.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, TypeVar

# Longer text is narrative; what it is about stands at its beginning. Cut before anything looks at it.
MAX_TEXT = 1_000

_CJK = "\u3400-\u9fff"
_has_cjk = re.compile(f"[{_CJK}]").search
_accents = re.compile(r"[\u0300-\u036f]+")

T = TypeVar("T")


class Unit(NamedTuple):
    """``kind`` is that of a notation (``stage``, ``vertebra``, ``stop``); empty for everything else."""

    text: str
    start: int
    end: int
    kind: str

    @property
    def chinese(self) -> bool:
        return is_chinese(self.text)


class Found(NamedTuple, Generic[T]):
    """A word from unit ``start`` up to unit ``end``; ``what`` it means, None where nobody knows the unit."""

    start: int
    end: int
    what: T | None


def plain(text: str) -> str:
    """At most ``MAX_TEXT`` characters: full-width and compatibility forms folded, lower case, without accents."""
    folded = unicodedata.normalize("NFKC", text[:MAX_TEXT])[:MAX_TEXT].casefold()
    return folded if folded.isascii() else _accents.sub("", unicodedata.normalize("NFD", folded))[:MAX_TEXT]


def is_chinese(text: str) -> bool:
    """Whether a name is a Chinese one: it has a Chinese character."""
    return bool(_has_cjk(text))


class Splitter:
    """Splits text into units.

    ``marks``: punctuation that is a unit of its own; all else only separates. ``notations``: kind → pattern, tried
    first. ``folded``: characters written for each other (traditional, confused), each to the one that is compared.
    """

    def __init__(self, marks: str, notations: Mapping[str, str], folded: Mapping[str, str]) -> None:
        kinds = [f"(?P<{kind}>{pattern})" for kind, pattern in notations.items()]
        units = [f"[{_CJK}]", rf"[^\W\d_{_CJK}]+", r"\d+", *([f"[{re.escape(marks)}]"] if marks else ())]
        self._units = re.compile("|".join([*kinds, *units])).finditer
        self._folded = str.maketrans(dict(folded))

    def units(self, text: str) -> list[Unit]:
        """The units of any text, in order."""
        text = plain(text).translate(self._folded)
        return [Unit(m.group(), m.start(), m.end(), m.lastgroup or "") for m in self._units(text)]

    def key(self, name: str) -> tuple[str, ...]:
        """A name as the units by which it is found."""
        return tuple(unit.text for unit in self.units(name))


class _Node(Generic[T]):
    __slots__ = ("next", "what")

    def __init__(self) -> None:
        self.next: dict[str, _Node[T]] = {}
        self.what: T | None = None


class Lexicon(Generic[T]):
    """Words and what they mean, found in one pass whatever their number."""

    def __init__(self) -> None:
        self._root: _Node[T] = _Node()
        self.vocabulary: set[str] = set()

    def at(self, key: Sequence[str], make: Callable[[], T]) -> T:
        """What a word means so far; made when it is new."""
        node = self._root
        for unit in key:
            self.vocabulary.add(unit)
            node = node.next.setdefault(unit, _Node())
        if node.what is None:
            node.what = make()
        return node.what

    def get(self, key: Sequence[str]) -> T | None:
        node: _Node[T] | None = self._root
        for unit in key:
            node = node.next.get(unit) if node else None
        return node.what if node else None

    def words(self, units: Sequence[str]) -> Iterator[Found[T]]:
        """Every known word, overlapping ones too."""
        root = self._root.next
        for start, first in enumerate(units):
            node, end = root.get(first), start + 1
            while node is not None:
                if node.what is not None:
                    yield Found(start, end, node.what)
                node = node.next.get(units[end]) if end < len(units) else None
                end += 1


def apart(words: list[Found[T]], units: Sequence[Unit]) -> list[Found[T]]:
    """Words that do not overlap, the longest first choice, and each unit nobody knows, in order of the text."""
    by_size = sorted(words, key=lambda w: (units[w.start].start - units[w.end - 1].end, w.start))
    free = bytearray(len(units))
    chosen: list[Found[T]] = []
    for word in by_size:
        if not any(free[word.start : word.end]):
            free[word.start : word.end] = b"\1" * (word.end - word.start)
            chosen.append(word)
    chosen += [Found(at, at + 1, None) for at, taken in enumerate(free) if not taken]
    return sorted(chosen, key=lambda w: w.start)
