"""Number words: those that a table lists, and the Chinese ones below a hundred that are made of them (十二, 二十八)."""

from __future__ import annotations

from collections.abc import Mapping

_TEN = 10


def numerals(listed: Mapping[str, int]) -> dict[str, int]:
    """Word -> number, the longest word first: a pattern that tries them in this order takes no 八 out of 二十八."""
    single = {word: n for word, n in listed.items() if len(word) == 1 and not word.isascii()}
    ones = {"": 0} | {word: n for word, n in single.items() if n < _TEN}
    made = {
        f"{tens}{ten}{units}": (ones[tens] or 1) * _TEN + ones[units]
        for ten, value in single.items()
        if value == _TEN
        for tens in ones
        for units in ones
    }
    return dict(sorted({**made, **listed}.items(), key=lambda each: -len(each[0])))
