"""The words of the report in one language, and how it writes numbers, dates and foreign text."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from cds_service.base.yamlfile import load_as
from cds_service.edition import Edition
from cds_service.knowledge.model import File
from cds_service.report.figures import UNRECOGNISED, Period

_FILE = Path(__file__).parent / "words.yaml"


class Word(File, frozen=True):
    """One entry of words.yaml: a word without one of the languages is refused."""

    en: str
    zh_cn: str = msgspec.field(name="zh-CN")


@dataclass(frozen=True)
class Words:
    """``words("key", name=value)`` is that text in the report's language."""

    tag: str
    texts: Mapping[str, str]
    topics: Mapping[str, str]  # topic to its name
    reasons: Mapping[str, str]  # reason code to its words
    wrong_advice: str

    @classmethod
    def read(cls, edition: Edition, tag: str) -> Words:
        """The words in the language ``tag``, with the names that the reviewed edition gives topics and reasons."""
        reasons = edition.knowledge.guideline.override_reasons
        return cls(
            tag=tag,
            texts=texts(tag),
            topics={topic: said.display for topic, said in edition.wordings[tag].language.topics.items()},
            reasons={code: said[tag] for code, said in reasons.display.items()},
            wrong_advice=reasons.wrong_advice,
        )

    def __call__(self, key: str, **values: object) -> str:
        return self.texts[key].format(**values)

    def topic(self, topic: str | None) -> str:
        """The name of a topic; the code itself of one that the edition no longer has."""
        return self("unknown_topic") if topic is None else self.topics.get(topic, topic)

    def reason(self, code: str) -> str:
        return self(UNRECOGNISED) if code == UNRECOGNISED else self.reasons.get(code, code)

    def named(self, prefix: str, key: str) -> str:
        """The word for a value of the store, or the value itself if this version does not know it."""
        return self.texts.get(f"{prefix}_{key}", key)

    def period(self, period: Period) -> str:
        return self("period", since=minute(period.since), until=minute(period.until))

    def scope(self, period: Period) -> list[str]:
        """A line for each of issuer and tenant that the report is limited to."""
        wanted = {"of_issuer": period.issuer, "of_tenant": period.tenant}
        return [self(key, name=plain(name)) for key, name in wanted.items() if name is not None]


def texts(tag: str) -> dict[str, str]:
    """Every text of words.yaml in one language."""
    entries = load_as(_FILE, dict[str, Word])
    return {key: word.en if tag == "en" else word.zh_cn for key, word in entries.items()}


def minute(moment: datetime) -> str:
    """2026-03-31 14:05"""
    return f"{moment:%Y-%m-%d %H:%M}"


def percent(value: float, places: int = 0) -> str:
    """0.123 as 12 %"""
    return f"{value * 100:.{places}f}\N{NO-BREAK SPACE}%"


def plain(text: str) -> str:
    """Text from outside on one line, without characters that steer a terminal or turn the reading direction."""
    kept = ("" if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co") else c for c in " ".join(text.split()))
    return "".join(kept).strip()
