"""Findings, in the caller's language, as the CDS Hooks response."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TypeVar

import msgspec

from cds_service.base.kinds import NOT_EVALUATED, REVIEW_SUMMARY, URGENCY, Missing, Need, RequestText
from cds_service.call.problems import Cause, RuleFailed
from cds_service.evaluate.findings import Finding, Findings, Unknown
from cds_service.evaluate.gate import SETTLED
from cds_service.evaluate.outcome import Advise, NoAdvice
from cds_service.render.cards import Rendering, as_folded, card_of, card_uuid, frame, further
from cds_service.render.model import Response
from cds_service.render.resources import Json
from cds_service.render.texts import Language, tidy
from cds_service.render.values import NOTHING_MORE

T = TypeVar("T")
Unreadable = Mapping[str, int]

# What the cards without a rule are worded with.
WORDED_WITH: Mapping[str, frozenset[str]] = {
    NOT_EVALUATED: frozenset({"unknown", "unreadable", "unmet"}),
    REVIEW_SUMMARY: frozenset({"lines", "more"}),
}
# Causes by which a part came, and more is known to be there.
PARTLY = frozenset({"more-pages"})
# One suggestion of a summarised card is carried, of so many in all.
MOST_CARRIED = 3


def render(findings: Findings | None, unreadable: Unreadable, unmet: Sequence[Cause], rendering: Rendering) -> Response:
    """The response, most urgent first, checked against its own model.

    ``unmet``: data without which the call could not be answered. Raises ``RuleFailed`` naming the topic when a sentence
    or a suggestion of ours cannot be made.
    """
    cards = _once(_made(findings, findings.advice, rendering), rendering) if findings else []
    if unmet or (not rendering.review and (unreadable or (findings and findings.unknown))):
        cards.append(
            _guarded(
                NOT_EVALUATED,
                partial(_not_evaluated, findings.unknown if findings else (), unreadable, unmet, rendering),
            )
        )
    elif rendering.review and findings:
        cards += _guarded(REVIEW_SUMMARY, partial(_reviewed, findings, unreadable, cards, rendering))
    cards.sort(key=lambda card: -URGENCY.index(card["indicator"]))
    return _guarded("response", partial(_checked, cards))


def _made(
    findings: Findings, advice: Iterable[tuple[Finding, Advise]], rendering: Rendering
) -> list[tuple[Finding, Advise, Json]]:
    return [(f, a, _guarded(f.code, partial(card_of, f, a, findings, rendering))) for f, a in advice]


def _checked(cards: list[Json]) -> Response:
    response: Response = msgspec.convert({"cards": cards}, Response)
    return response


def _guarded(topic: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except RuleFailed:
        raise  # it names the topic already
    except Exception as error:
        raise RuleFailed(topic, "text") from error


def _once(made: Sequence[tuple[Finding, Advise, Json]], rendering: Rendering) -> list[Json]:
    """Each card once: what is said word for word of a second order too (two drafts of one drug) is held by the first
    card, with what only the second can suggest."""
    kept: dict[tuple[str, str, str, str], Json] = {}
    for finding, advice, card in made:
        first = kept.setdefault((finding.code, card["indicator"], card["summary"], card["detail"]), card)
        if first is card:
            continue
        held = first.setdefault("extension", {}).setdefault(rendering.wording.folded, [])
        held += [as_folded(finding, advice, rendering), *card.get("extension", {}).get(rendering.wording.folded, ())]
        if more := further(first.get("suggestions", ()), card.get("suggestions", ())):
            first |= {"suggestions": [*first.get("suggestions", ()), *more], "selectionBehavior": "any"}
    return list(kept.values())


def _reviewed(
    findings: Findings, unreadable: Unreadable, cards: Sequence[Json], rendering: Rendering
) -> Iterable[Json]:
    """What an opened chart is told besides its cards: what may wait, and what was not looked at.

    Data that failed to come are a card where something urgent may hide behind them, and so is what came and could not
    be read where no other card could say it; what was never sent is a line, of the summary or of the last card, and
    none of its own.
    """
    in_vain = tuple(_in_vain(findings, rendering.beside))
    if in_vain or (unreadable and not cards and not findings.summarised):
        yield _not_evaluated((*findings.unknown, *in_vain), unreadable, (), rendering)
        unseen = ""
    else:
        unseen = _unseen(findings, unreadable, rendering)
    if findings.summarised:
        yield _summary(findings, unseen, rendering)
    elif cards and unseen:
        cards[-1]["detail"] = tidy(f"{cards[-1]['detail']}\n\n{unseen}")


def _in_vain(findings: Findings, beside: Collection[Need]) -> Iterator[Unknown]:
    """Topics that can be urgent and gave no advice, while data they look at were asked for and did not come: a rule
    that saw no treatment where the prescriptions failed knows nothing of it. ``beside``: what is only looked at
    where it is there anyway."""
    facts = findings.facts
    for f in findings.all if facts.failed else ():
        settled = isinstance(f.outcome, Advise) or (isinstance(f.outcome, NoAdvice) and f.outcome.because in SETTLED)
        if (
            settled
            or f.silent
            or all(indicator == URGENCY[0] for indicator in f.topic.recommendation.indicators.values())
        ):
            continue
        if missing := facts.lacking(*(need for need in f.topic.needs if need in facts.failed and need not in beside)):
            yield Unknown(f.code, f.subject, missing)


def _unseen(findings: Findings, unreadable: Unreadable, rendering: Rendering) -> str:
    """One line: what was not looked at, and what of the record could not be read."""
    language = rendering.wording.language
    unknown = list(_unknown_lines(findings.unknown, language))
    wanted = {n for f, _ in (*findings.advice, *findings.summarised) for n in f.topic.optional if n in rendering.beside}
    missing = [m for each in unknown for m in each["missing"]] + list(findings.facts.lacking(*sorted(wanted)))
    missing = list(dict.fromkeys(missing))
    if not missing and not unreadable:
        return ""
    topics = [topic for each in unknown for topic in each["topics"]]
    values = {"missing": missing, "topics": topics, "unreadable": dict(unreadable)}
    return language.notes["unseen"].render(values).strip()


def _summary(findings: Findings, unseen: str, rendering: Rendering) -> Json:
    """The card of what may wait: a line for each topic, which keeps its code and its count."""
    recommendation, wording = rendering.wording.summary, rendering.wording
    made = _made(findings, findings.summarised, rendering)
    most = int(recommendation.numbers["lines"])
    # The summaries are plain text; as data they stay so between the marks of the list.
    lines = [
        {"topic": wording.language.topics[f.code].display, "summary": RequestText(card["summary"])}
        for f, _, card in made
    ]
    data = {"lines": lines[:most], "more": max(0, len(lines) - most)}
    values = {"order": None, "p": recommendation.numbers, **NOTHING_MORE, **data}
    name = str(card_uuid(rendering.hook_instance, REVIEW_SUMMARY, ""))
    card = frame(recommendation, "waiting", recommendation.indicators["default"], name, values, rendering)
    if unseen:
        card["detail"] = tidy(f"{card['detail']}\n\n{unseen}")
    held = [(as_folded(f, a, rendering), own.get("extension", {}).get(wording.folded, ())) for f, a, own in made]
    card["extension"] = {wording.folded: [each for first, rest in held for each in (first, *rest)]}
    if carried := [s for _, _, own in made if (s := _recommended(own))]:
        card |= {"suggestions": carried[:MOST_CARRIED], "selectionBehavior": "any"}
    return card


def _recommended(card: Json) -> Json | None:
    """The first suggestion of a card that it recommends. It keeps its id, and is counted as that topic's."""
    return next((s for s in card.get("suggestions", ()) if s.get("isRecommended")), None)


def _not_evaluated(
    unknown: Iterable[Unknown], unreadable: Unreadable, unmet: Sequence[Cause], rendering: Rendering
) -> Json:
    recommendation, language = rendering.wording.not_evaluated, rendering.wording.language
    data = {
        "unknown": list(_unknown_lines(unknown, language)),
        "unreadable": dict(unreadable),
        "unmet": [_unmet(path, why) for path, why in unmet],
    }
    values = {"order": None, "p": recommendation.numbers, **NOTHING_MORE, **data}
    name = str(card_uuid(rendering.hook_instance, NOT_EVALUATED, ""))
    say, urgency = "some-unknown", "default"
    if unmet:
        say, urgency = "not-reviewed" if rendering.review else "not-checked", "not-checked"
    return frame(recommendation, say, recommendation.indicators[urgency], name, values, rendering)


def named(path: str) -> str:
    """The ``missing`` word for what a path of the request would have held."""
    head, _, key = path.partition(".")
    return key if head == "prefetch" else "draft-medication"


def _unmet(path: str, why: str) -> Missing:
    """What a path of the request would have held, and whether a part of it came."""
    return Missing(named(path), "incomplete" if why in PARTLY else "not-obtained")


def _unknown_lines(unknown: Iterable[Unknown], language: Language) -> Iterator[Json]:
    """One line per set of what was missing for any order, with the topics that missed just that."""
    by_topic: dict[str, dict[Missing, None]] = {}
    for each in unknown:
        by_topic.setdefault(each.topic, {}).update(dict.fromkeys(each.missing))
    together: dict[tuple[Missing, ...], list[str]] = {}
    for topic, missing in by_topic.items():
        together.setdefault(tuple(missing), []).append(language.topics[topic].display)
    for missing_all, topics in together.items():
        yield {"topics": topics, "missing": list(missing_all)}
