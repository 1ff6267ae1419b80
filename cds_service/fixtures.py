"""The situations of ``fhir_fixtures/``: a story, a request and the expected response each. All patients are synthetic.

A situation states the time it is evaluated at. ``Situation.request_at`` moves every date of the request by the same
number of days, so that a fixture can be sent to a running server today.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from cds_service.base.folders import fixtures_root
from cds_service.base.kinds import LanguageTag
from cds_service.base.near import nearest
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.model import File

# The one that is shown to newcomers: its answer touches clearance, calcium, suggestions and several sentences.
SHOWN = "zoledronic-acid-dose-above-row"
_DATE = re.compile(r'(?<=")(\d{4}-\d{2}-\d{2})(?=["T])')


class Story(File, frozen=True):
    """``story.yaml``. ``status`` is the HTTP status expected; ``expect`` says in words what the doctor should see."""

    title: str
    story: str
    at: str
    expect: str
    service: str = "bone-modifying-agents"
    language: LanguageTag = "en"
    status: int = 200
    dialect: str = "R4"
    topics: list[str] = []
    valid: bool = True  # False: the request's resources are meant to break FHIR


class Title(File, frozen=True):
    """An entry of ``titles.yaml``: the title of a story in both languages; it is written in one of them."""

    en: str
    zh_cn: str = msgspec.field(name="zh-CN")

    @property
    def by_language(self) -> dict[LanguageTag, str]:
        return {"en": self.en, "zh-CN": self.zh_cn}


@dataclass(frozen=True, slots=True)
class Situation:
    name: str
    story: Story
    request: bytes
    response: dict[str, Any]

    @property
    def at(self) -> datetime:
        """The evaluation time (aware)."""
        return datetime.fromisoformat(self.story.at)

    def request_at(self, now: datetime) -> bytes:
        """The request with every date moved so that the story happens at ``now``'s date."""
        return moved(self.request, self.at.date(), now.date())


def moved(request: bytes, told: date, today: date) -> bytes:
    """A request of the day it is told of with every date moved so that it happens today."""
    shift = today - told
    return _DATE.sub(lambda m: _moved(m.group(1), shift), request.decode()).encode()


def _moved(day: str, shift: timedelta) -> str:
    return (date.fromisoformat(day) + shift).isoformat()


def load(name: str, root: Path | None = None) -> Situation:
    """One situation by its folder name. Raises ``FileNotFoundError`` naming the nearest."""
    folder = (root or fixtures_root()) / name
    if not name or not (folder / "story.yaml").is_file():
        near = nearest(name, names(root))
        said = f"Near to it: {', '.join(near)}. " if near else ""
        raise FileNotFoundError(f"There is no situation {name!r}. {said}`cds-service fixtures` lists them all.")
    return Situation(
        name=name,
        story=load_as(folder / "story.yaml", Story),
        request=(folder / "request.json").read_bytes(),
        response=json.loads((folder / "response.json").read_bytes()),
    )


def names(root: Path | None = None) -> list[str]:
    """The names of all situations, sorted."""
    return sorted(p.name for p in (root or fixtures_root()).iterdir() if (p / "story.yaml").is_file())


@cache
def titles() -> Mapping[str, Mapping[LanguageTag, str]]:
    """Of the shipped situations: the title as a story has it -> the title in each language."""
    found = load_as(fixtures_root() / "titles.yaml", list[Title])
    return {title: each.by_language for each in found for title in (each.en, each.zh_cn)}


def matching(
    topic: str | None = None, dialect: str | None = None, language: LanguageTag | None = None, root: Path | None = None
) -> Iterator[Situation]:
    """The situations with a card of this topic, told in this dialect, asked in this language; None: any."""
    for situation in situations(root):
        story = situation.story
        if (
            (topic is None or topic in story.topics)
            and dialect in (None, story.dialect)
            and language in (None, story.language)
        ):
            yield situation


def situations(root: Path | None = None) -> Iterator[Situation]:
    """All situations, sorted by name."""
    for name in names(root):
        yield load(name, root)
