"""Text of a request made ready for patterns: bounded first, then folded, so that reading costs what was sent."""

from __future__ import annotations

import re
import unicodedata

from cds_service.knowledge.words import MAX_TEXT

# Chinese characters, as the inside of a pattern's class.
CHINESE = "\u3400-\u9fff"
# Before NFKC makes an ASCII comma of them: "d1，4mg" is no number 1,4.
_PUNCTUATION = str.maketrans({"，": " , ", "、": " , ", "；": " ; ", "。": " ; ", "：": " : "})

# "2 (two) tablets every 12 (twelve) hours": the same number once more.
_ONES = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_WORDS = {word: n for n, word in enumerate(_ONES, 1)} | _TENS
_AGAIN = re.compile(r"(?<![0-9.,])([0-9]{1,2}) ?\(([a-z]{3,9})(?:[- ]([a-z]{3,5}))?\)")


def told(text: str | None) -> str:
    """NFKC, lower case, on one line with single spaces; empty for none and for text longer than ``MAX_TEXT``.

    A dosage is not read by its beginning: what follows could be a second dose, or the other half of a number.
    """
    if not text or len(text) > MAX_TEXT:
        return ""
    folded = unicodedata.normalize("NFKC", text.translate(_PUNCTUATION)).lower()
    # NFKC can make eighteen characters of one.
    return _AGAIN.sub(_said_twice, " ".join(folded.split())) if len(folded) <= 2 * MAX_TEXT else ""


def _said_twice(match: re.Match[str]) -> str:
    """The number alone where the word behind it is the same one; else as it stands."""
    worth = _WORDS.get(match[2], 0) + (_WORDS.get(match[3], 0) if match[3] and match[2] in _TENS else 0)
    plain = match[3] is None or match[2] in _TENS
    return match[1] if plain and worth == int(match[1]) else match[0]


def norm(text: str | None) -> str:
    """A unit, code or word as spelling tables compare it: NFKC, lower case, trimmed; empty when too long."""
    return unicodedata.normalize("NFKC", text).strip().lower() if text and len(text) <= MAX_TEXT else ""
