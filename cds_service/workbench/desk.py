"""What the page Try shows: a situation or a pasted request, its knobs as they stand, the answer and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import msgspec

from cds_service import fixtures
from cds_service.base.kinds import LanguageTag
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.render.explain.model import Explanation
from cds_service.workbench.documents import Json, Shown, read, shown, written
from cds_service.workbench.knobs import Knob, knobs, turned
from cds_service.workbench.situations import Listed, listed
from cds_service.workbench.strips import Axis, Cuts, Strip, strip
from cds_service.workbench.trial import Look, Trial, renewed, tried

# Of the strips of shipped situations so many are remembered; of a pasted request never anything.
MOST_REMEMBERED = 2_000


class Turned(msgspec.Struct, frozen=True):
    """A knob and where it stands."""

    knob: Knob
    stands: Decimal

    @property
    def moved(self) -> bool:
        return self.stands != self.knob.value


class View(msgspec.Struct, frozen=True):
    """``situation`` None: somebody's own request. ``request``: as it was asked, knobs turned."""

    situation: Listed | None
    service: str
    at: datetime
    look: Look
    knobs: tuple[Turned, ...]
    cards: tuple[dict[str, Any], ...]
    told: Explanation
    request: tuple[Shown, ...]

    @property
    def places(self) -> dict[str, int]:
        """Reference -> the number of its resource on the page."""
        return {each.reference: each.number for each in reversed(self.request) if each.reference}


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody asks the page for. ``situation`` names a shipped one; else ``text`` is a request of their own for
    ``service``. ``numbers``: by key of a knob, as typed. ``order``: the shipped situation whose draft orders are put to
    a patient that is loaded."""

    language: LanguageTag
    situation: str = ""
    text: str | None = None
    service: str = ""
    look: Look = "generic"
    numbers: Mapping[str, str] = field(default_factory=dict)
    order: str = ""


@dataclass(frozen=True)
class Laid:
    """A wish read: the request before and after its knobs were turned."""

    trial: Trial
    document: Json
    knobs: tuple[Knob, ...]
    values: Mapping[str, Decimal]
    situation: Listed | None

    @cached_property
    def turned(self) -> Json:
        return turned(self.document, self.knobs, self.values, self.trial.at.date())


class Desk:
    """Answers wishes by dry runs. Holds nothing of any request but the strips of shipped situations."""

    def __init__(self, edition: Edition, defaults: Defaults) -> None:
        self._edition, self._defaults = edition, defaults
        self._strips: dict[tuple[object, ...], Strip] = {}
        self._cuts: dict[tuple[object, ...], Cuts] = {}

    def lay(self, wish: Wish, now: datetime) -> Laid:
        """Read a wish. Raises the problems of ``call.problems``, and ``FileNotFoundError`` for an unknown name."""
        trial, found = self._trial(wish, now)
        first = tried(self._edition, trial, self._defaults)
        document = read(trial.body)
        all_knobs = knobs(document, first.told)
        meant = {k.key: k.nearest(wish.numbers[k.key]) for k in all_knobs if k.key in wish.numbers}
        values = {key: value for key, value in meant.items() if value is not None}
        return Laid(trial, document, all_knobs, values, found)

    def _trial(self, wish: Wish, now: datetime) -> tuple[Trial, Listed | None]:
        if wish.text is not None:
            return Trial(wish.service, wish.text.encode(), now, wish.language, wish.look), None
        found = listed(wish.situation)
        if found is None:  # no path is made of what somebody asks for
            raise FileNotFoundError
        situation = fixtures.load(found.name)
        return Trial(found.service, situation.request, situation.at, wish.language, wish.look), found

    def view(self, laid: Laid) -> View:
        """The answer to what is laid. Raises the problems of ``call.problems``."""
        found = tried(self._edition, replace(laid.trial, body=written(laid.turned)), self._defaults)
        return View(
            situation=laid.situation,
            service=laid.trial.service,
            at=laid.trial.at,
            look=laid.trial.look,
            knobs=tuple(Turned(k, laid.values.get(k.key, k.value)) for k in laid.knobs),
            cards=found.cards,
            told=found.told,
            request=shown(laid.turned),
        )

    def strips(self, laid: Laid) -> tuple[Strip, ...]:
        """The strip of every knob, the others as they stand."""
        return tuple(self._strip(laid, knob) for knob in laid.knobs)

    def _strip(self, laid: Laid, knob: Knob) -> Strip:
        axis = Axis(laid.document, laid.knobs, laid.values, knob)
        if laid.situation is None:
            return strip(self._edition, laid.trial, axis, self._defaults)
        others = tuple(sorted((key, value) for key, value in laid.values.items() if key != knob.key))
        place = (laid.situation.name, knob.key, others)
        key = (laid.trial.language, *place)
        if key not in self._strips:
            if len(self._strips) >= MOST_REMEMBERED:
                self._strips.clear()
                self._cuts.clear()
            made = strip(self._edition, laid.trial, axis, self._defaults, self._cuts.get(place))
            self._strips[key], self._cuts[place] = made, made.cuts
        return self._strips[key]

    def fired(self, laid: Laid, now: datetime) -> bytes:
        """The request to send for real, as a new call; a shipped one with its dates moved to today."""
        body = written(renewed(laid.turned))
        if laid.situation is None:
            return body
        return fixtures.moved(body, laid.trial.at.date(), now.date())
