"""Typing errors in long Latin names: one letter too many, too few, another, or two in the wrong order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# Shorter words lie too close to other words.
SHORTEST = 8


class Spelling:
    """Words that may be mistyped. A word within one error of two of them is none of them."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = frozenset(words)
        long = [word for word in self._words if len(word) >= SHORTEST and word.isascii()]
        self._near: dict[str, set[str]] = {}
        for word in long:
            for part in _shortened(word):
                self._near.setdefault(part, set()).add(word)
        self._longest = max(map(len, long), default=0) + 1

    def mend(self, word: str) -> str | None:
        """The word that was meant, when it is another than the one written."""
        if not SHORTEST <= len(word) <= self._longest or word in self._words or not word.isascii():
            return None
        near = {known for part in _shortened(word) for known in self._near.get(part, ()) if _one_error(word, known)}
        return near.pop() if len(near) == 1 else None


def _shortened(word: str) -> Iterator[str]:
    yield word
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]


def _one_error(one: str, other: str) -> bool:
    """Whether one letter is missing, added or changed, or two neighbours have changed places."""
    if abs(len(one) - len(other)) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[at:], other[at:]
    return a[1:] == b or a == b[1:] or a[1:] == b[1:] or (a[:2] == b[:2][::-1] and a[2:] == b[2:])
