"""The shipped situations as a list to choose from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import cache

import msgspec

from cds_service import fixtures
from cds_service.base.kinds import LanguageTag, language_tag

_HAN = re.compile(r"[\u4e00-\u9fff]")


class Listed(msgspec.Struct, frozen=True):
    """One situation without its request. ``status`` is the one it expects; ``topics`` are those of its cards, and
    ``indicators`` says by topic how urgent its stored card is. ``titles``: by language, where somebody has written it.
    """

    name: str
    title: str
    story: str
    expect: str
    service: str
    hook: str
    language: LanguageTag
    dialect: str
    status: int
    topics: tuple[str, ...]
    indicators: dict[str, str]
    titles: dict[LanguageTag, str]

    @property
    def written(self) -> LanguageTag:
        """The language its story is written in: under a Chinese title it may be English."""
        return _written(self.title) if _written(self.expect) == "zh-CN" else "en"


def _written(text: str) -> LanguageTag:
    return "zh-CN" if _HAN.search(text) else "en"


class Wanted(msgspec.Struct, frozen=True):
    """What somebody looks for; an empty member asks for nothing."""

    text: str = ""
    topic: str = ""
    dialect: str = ""
    language: str = ""
    service: str = ""

    def fits(self, it: Listed, names: str) -> bool:
        """``names``: what else a situation may be found by."""
        said = " ".join((it.name, *it.titles.values(), names)).casefold()
        return (
            all(part in said for part in self.text.casefold().split())
            and self.topic in ("", *it.topics)
            and self.dialect in ("", it.dialect)
            and (not self.language or language_tag(self.language) == it.language)
            and self.service in ("", it.service)
        )


class _Asked(msgspec.Struct, frozen=True):
    hook: str = ""


@cache
def catalogue() -> tuple[Listed, ...]:
    """All of them, by name; read once."""
    return tuple(_listed(each) for each in fixtures.situations())


def _listed(situation: fixtures.Situation) -> Listed:
    story, cards = situation.story, situation.response.get("cards", ())
    indicators = {card["source"]["topic"]["code"]: card["indicator"] for card in cards}
    topics = dict.fromkeys([*indicators, *story.topics])
    return Listed(
        name=situation.name,
        title=story.title,
        story=" ".join(story.story.split()),
        expect=" ".join(story.expect.split()),
        service=story.service,
        hook=_hook(situation.request),
        language=story.language,
        dialect=story.dialect,
        status=story.status,
        topics=tuple(topics),
        indicators=indicators,
        titles={_written(story.title): story.title} | dict(fixtures.titles().get(story.title, {})),
    )


def _hook(request: bytes) -> str:
    """The hook of a request that may be meant to be refused."""
    try:
        return msgspec.json.decode(request, type=_Asked).hook
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ""


def listed(name: str) -> Listed | None:
    return next((each for each in catalogue() if each.name == name), None)


def values_of(member: str, among: Iterable[Listed]) -> Sequence[str]:
    """The different values of a member, sorted: what a filter offers."""
    return sorted({getattr(each, member) for each in among})
