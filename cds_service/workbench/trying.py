"""What the page Try is drawn with, beside the answer: the list to choose from, and the cards of a real call."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.edition import Edition
from cds_service.render.model import Response
from cds_service.workbench.desk import Laid, Turned, Wish
from cds_service.workbench.problem import Issue, Problem, of_outcome
from cds_service.workbench.situations import Wanted, catalogue, listed, values_of
from cds_service.workbench.trial import LOOKS
from cds_service.workbench.words import words_of

# Where nobody has chosen: dose, clearance, calcium and several sentences.
FIRST = "zoledronic-acid-dose-above-row"
_STATUSES = range(100, 600)


def chooser(edition: Edition, tag: LanguageTag, wanted: Wanted) -> dict[str, Any]:
    """The situations that fit, and what the filters offer."""
    names = {code: text.display for code, text in edition.wordings[tag].language.topics.items()}
    every = catalogue()
    found = [each for each in every if wanted.fits(each, " ".join(names.get(t, t) for t in each.topics))]
    topics = dict.fromkeys(t for t in edition.recommendations if any(t in each.topics for each in every))
    services = edition.service_ids
    filters = [
        ("topic", "topic", [(t, names.get(t, t)) for t in topics]),
        ("dialect", "dialect", [(d, d) for d in values_of("dialect", every)]),
        ("language", "written-language", [(each, words_of(each)("language")) for each in LANGUAGES]),
        ("service", "service", [(s, s) for s in services]),
    ]
    shown = msgspec.to_builtins(wanted)
    return {
        "found": found,
        "all_situations": len(every),
        "filters": filters if len(services) > 1 else filters[:-1],
        "wanted": shown,
        "services": services,
    }


def drawn(laid: Laid | None, wish: Wish) -> dict[str, Any]:
    """What stands on the page whether or not there is an answer."""
    situation = listed(wish.situation) if wish.text is None else None
    knobs = tuple(Turned(k, laid.values.get(k.key, k.value)) for k in laid.knobs) if laid else ()
    return {
        "situation": situation,
        "text": wish.text,
        "service": situation.service if situation else wish.service,
        "at": laid.trial.at if laid else None,
        "order": listed(wish.order or wish.situation) or listed(FIRST),
        "look": wish.look,
        "looks": LOOKS,
        "knobs": knobs,
    }


@dataclass(frozen=True, slots=True)
class Firing:
    """The answer of a real call as the page got it."""

    values: dict[str, Any]

    @classmethod
    def read(cls, status: str, ms: str, response: str) -> Firing | None:
        """None for what no service of this kind has answered."""
        if not (status.isascii() and status.isdigit() and int(status[:4]) in _STATUSES):
            return None
        shown = {"status": int(status), "ms": int(ms) if ms.isascii() and ms.isdigit() and len(ms) < 8 else 0}
        try:
            if shown["status"] == 200:
                cards = msgspec.to_builtins(msgspec.json.decode(response, type=Response))["cards"]
                return cls({**shown, "all": cards, "problem": None})
            outcome = of_outcome(shown["status"], msgspec.json.decode(response))
        except (msgspec.MsgspecError, RecursionError, KeyError, TypeError, UnicodeError, AttributeError):
            outcome = Problem(shown["status"], "problem-other", (Issue("–"),))
        return cls({**shown, "all": (), "problem": outcome})
