"""Text of a request made ready for patterns: bounded first, then folded, so that reading costs what was sent."""

from __future__ import annotations

import unicodedata

from cds_service.knowledge.words import MAX_TEXT

# Chinese characters, as the inside of a pattern's class.
CHINESE = "\u3400-\u9fff"
# Before NFKC makes an ASCII comma of them: "d1，4mg" is no number 1,4.
_PUNCTUATION = str.maketrans({"，": " , ", "、": " , ", "；": " ; ", "。": " ; ", "：": " : "})


def told(text: str | None) -> str:
    """NFKC, lower case, on one line with single spaces; empty for none and for text longer than ``MAX_TEXT``.

    A dosage is not read by its beginning: what follows could be a second dose, or the other half of a number.
    """
    if not text or len(text) > MAX_TEXT:
        return ""
    folded = unicodedata.normalize("NFKC", text.translate(_PUNCTUATION)).lower()
    # NFKC can make eighteen characters of one.
    return " ".join(folded.split()) if len(folded) <= 2 * MAX_TEXT else ""


def norm(text: str | None) -> str:
    """A unit, code or word as spelling tables compare it: NFKC, lower case, trimmed; empty when too long."""
    return unicodedata.normalize("NFKC", text).strip().lower() if text and len(text) <= MAX_TEXT else ""
