"""Two sets of answers compared: cards that are new, gone or changed.

Answers come from an edition, from a folder of content, or from a recording: NDJSON, a line for each situation, with its
``name``, perhaps its ``language``, and its ``cards``, or the ``outcome`` it was refused with. The ids of cards come
from the call, topic and order, so the same card is found again whatever it says now.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

import msgspec

from cds_service import fixtures
from cds_service.base.kinds import language_tag
from cds_service.call.problems import CallProblem
from cds_service.caller import DEFAULTS
from cds_service.edition import Edition
from cds_service.workbench.trial import Trial, answered

Json = dict[str, Any]
Change = Literal["new", "gone", "changed"]
# Situation and language -> its cards.
Answers = Mapping[tuple[str, str], tuple[Json, ...]]
MOST_LINES = 20_000
# A word, or one character of a language that puts no spaces between words.
_TOKENS = re.compile(r"\s+|[\u4e00-\u9fff]|[^\s\u4e00-\u9fff]+")


class Recorded(msgspec.Struct, frozen=True):
    """A line of a recording; what else it holds is not looked at."""

    name: str
    cards: list[dict[str, Any]] | None = None
    outcome: dict[str, Any] | None = None
    language: str = "en"


class NotARecording(ValueError):
    """A line that is none. It names the line, and nothing that stands in it."""


class Part(msgspec.Struct, frozen=True):
    """A member of a card, as runs of words: ``same``, ``gone`` or ``new``."""

    member: str
    words: tuple[tuple[str, str], ...]


class Changed(msgspec.Struct, frozen=True):
    change: Change
    topic: str
    indicator: str
    parts: tuple[Part, ...]


class Differing(msgspec.Struct, frozen=True):
    """A situation whose answers differ."""

    name: str
    language: str
    changes: tuple[Changed, ...]


@dataclass(frozen=True)
class Difference:
    situations: tuple[Differing, ...]
    only_old: tuple[str, ...] = ()
    only_new: tuple[str, ...] = ()

    def count(self, change: Change) -> int:
        return sum(c.change == change for c in self._changes)

    @property
    def _changes(self) -> Iterator[Changed]:
        return (c for s in self.situations for c in s.changes)

    @property
    def by_topic(self) -> dict[str, Counter[str]]:
        return self._counted(lambda c: c.topic)

    @property
    def by_indicator(self) -> dict[str, Counter[str]]:
        return self._counted(lambda c: c.indicator)

    def _counted(self, member: Any) -> dict[str, Counter[str]]:
        made: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for each in self._changes:
            made[member(each)][each.change] += 1
        return dict(sorted(made.items()))


def answers_of(edition: Edition) -> Answers:
    """What an edition answers to every shipped situation, at its own time and in its own language. A refusal is no
    card."""
    return {(s.name, s.story.language): _cards(edition, s) for s in fixtures.situations()}


def _cards(edition: Edition, situation: fixtures.Situation) -> tuple[Json, ...]:
    story = situation.story
    trial = Trial(story.service, situation.request, situation.at, story.language)
    try:
        sent = msgspec.json.encode(answered(edition, trial, DEFAULTS).response)
    except CallProblem:
        return ()
    return tuple(msgspec.json.decode(sent)["cards"])


def recorded(text: str) -> Answers:
    """The answers of a recording. Raises ``NotARecording``."""
    decoder = msgspec.json.Decoder(Recorded)
    made: dict[tuple[str, str], tuple[Json, ...]] = {}
    for n, line in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        if not line.strip():
            continue
        try:
            it = decoder.decode(line)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            raise NotARecording(f"line {n} is no JSON object with name and cards") from None
        if it.cards is None and it.outcome is None:
            raise NotARecording(f"line {n} has neither cards nor outcome")
        if n > MOST_LINES:
            raise NotARecording(f"more than {MOST_LINES} lines")
        made[it.name, language_tag(it.language) or it.language] = tuple(it.cards or ())
    if not made:
        raise NotARecording("there is no line in it")
    return made


def compared(old: Answers, new: Answers) -> Difference:
    """What differs in the situations that both answer, and which only one has."""
    both = [key for key in new if key in old]
    found = (Differing(*key, tuple(_changes(old[key], new[key]))) for key in both)
    return Difference(
        tuple(each for each in found if each.changes),
        tuple(name for name, _ in old.keys() - new.keys()),
        tuple(name for name, _ in new.keys() - old.keys()),
    )


def _changes(old: Iterable[Json], new: Iterable[Json]) -> Iterator[Changed]:
    before, after = _by_id(old), _by_id(new)
    for key in dict.fromkeys([*before, *after]):
        was, now = before.get(key, {}), after.get(key, {})
        texts = _texts(was), _texts(now)
        if texts[0] == texts[1]:
            continue
        change: Change = "changed" if was and now else "new" if now else "gone"
        parts = tuple(
            Part(member, tuple(_words(texts[0].get(member, ""), texts[1].get(member, ""))))
            for member in dict.fromkeys([*texts[0], *texts[1]])
            if texts[0].get(member) != texts[1].get(member) or member == "summary"
        )
        yield Changed(change, _topic(now or was), str((now or was).get("indicator", "")), parts)


def _by_id(cards: Iterable[Json]) -> dict[str, Json]:
    return {str(card.get("uuid") or f"{_topic(card)} {n}"): card for n, card in enumerate(cards)}


def _topic(card: Json) -> str:
    try:
        return str(card["source"]["topic"]["code"])
    except (KeyError, TypeError):
        return ""


def _texts(card: Json) -> dict[str, str]:
    """What a person reads of a card, by member."""
    if not card:
        return {}
    offers = card.get("suggestions") or ()
    labels = [str(offer.get("label", "")) for offer in offers if isinstance(offer, dict)]
    members = {"indicator": card.get("indicator"), "summary": card.get("summary"), "detail": card.get("detail")}
    return {name: str(said) for name, said in {**members, "suggestions": "\n".join(labels)}.items() if said}


def _words(old: str, new: str) -> Iterator[tuple[str, str]]:
    """Runs of words that are the same, gone or new."""
    before, after = _TOKENS.findall(old), _TOKENS.findall(new)
    for _, a, b, c, d in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if before[a:b] == after[c:d]:
            yield "same", "".join(before[a:b])
            continue
        if a < b:
            yield "gone", "".join(before[a:b])
        if c < d:
            yield "new", "".join(after[c:d])
