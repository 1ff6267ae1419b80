"""The words of the pages, a file for each language; what the content says itself comes from the content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cds_service.base.kinds import LanguageTag
from cds_service.base.yamlfile import load_as

FOLDER = Path(__file__).parent / "words"
# What the content calls a place of the guideline, and the word for it.
_PLACES = {"Table": "place-table", "Figure": "place-figure", "Rec.": "place-recommendation"}


@dataclass(frozen=True)
class Words:
    """``words("key", name=value)`` is that text in one language."""

    tag: LanguageTag
    texts: Mapping[str, str]

    def __call__(self, key: str, /, **values: object) -> str:
        text = self.texts[key]
        return text.format(**values) if values else text

    def place(self, where: str) -> str:
        """A place of the guideline, as the content writes it, in this language."""
        for printed, key in _PLACES.items():
            where = where.replace(printed, self.texts[key])
        return where

    def named(self, prefix: str, key: str) -> str:
        """The word for a value of the code, or the value itself where nobody has named it."""
        return self.texts.get(f"{prefix}-{key}", key)


@cache
def words_of(tag: LanguageTag) -> Words:
    """The words in a language, read once."""
    return Words(tag, load_as(FOLDER / f"{tag}.yaml", dict[str, str]))
