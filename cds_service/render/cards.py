"""Findings, in the caller's language, as the CDS Hooks response."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import msgspec

from cds_service.base.kinds import NOT_EVALUATED, URGENCY, Missing
from cds_service.call.problems import Cause, RuleFailed
from cds_service.evaluate.findings import Finding, Findings, Unknown
from cds_service.evaluate.outcome import Act, Advise, CreateDrug, CreateService, DeleteOrder, ReviseOrder, Suggestion
from cds_service.facts.doses import DoseReader
from cds_service.knowledge.dosing import Dosing
from cds_service.knowledge.model import Recommendation
from cds_service.knowledge.services import Orderable
from cds_service.render import resources
from cds_service.render.model import Response
from cds_service.render.resources import Json, OrderContext
from cds_service.render.texts import Language, Sentences, TopicSentences, one_line, tidy
from cds_service.render.values import NOTHING_MORE, card_values, template_values
from cds_service.render.verbatim import own_order

T = TypeVar("T")

# Causes by which a part came, and more is known to be there.
PARTLY = frozenset({"more-pages"})
# What the card of what was not evaluated is worded with.
NOT_EVALUATED_DATA = frozenset({"unknown", "unreadable", "unmet"})


@dataclass(frozen=True)
class Wording:
    """One language of an edition: its sentences, and what every card names in it."""

    language: Language
    override_reasons: Mapping[str, list[dict[str, str]]]  # by topic: Codings
    topic_system: str
    not_evaluated: Recommendation
    links: Mapping[str, list[dict[str, str]]]  # by topic: the page of its rule, where the site has a public address

    @property
    def folded(self) -> str:
        """The name of the extension that tells which other topics a card holds."""
        return f"{self.topic_system}/folded"


@dataclass(frozen=True)
class Offer:
    """What a suggestion can order, and how a dosage is written."""

    orderables: Mapping[str, Orderable]
    dosing: Dosing
    doses: DoseReader


@dataclass(frozen=True, slots=True)
class Rendering:
    """Everything rendering needs besides the findings. ``drafts``: the client's own orders by position."""

    wording: Wording
    offer: Offer
    context: OrderContext
    hook_instance: uuid.UUID
    drafts: Mapping[int, msgspec.Raw]


def render(
    findings: Findings | None, unreadable: Mapping[str, int], unmet: Sequence[Cause], rendering: Rendering
) -> Response:
    """The response, most urgent first, checked against its own model.

    ``unmet``: data without which the order could not be checked. Raises ``RuleFailed`` naming the topic when a sentence
    or a suggestion of ours cannot be made.
    """
    advice = findings.advice if findings else ()
    made = [(f, a, _guarded(f.code, partial(_card, f, a, findings, rendering))) for f, a in advice if findings]
    cards = _once(made, rendering)
    if unmet or unreadable or (findings and findings.unknown):
        cards.append(_guarded(NOT_EVALUATED, partial(_not_evaluated, findings, unreadable, unmet, rendering)))
    cards.sort(key=lambda card: -URGENCY.index(card["indicator"]))
    return _guarded("response", partial(_checked, cards))


def _checked(cards: list[Json]) -> Response:
    response: Response = msgspec.convert({"cards": cards}, Response)
    return response


def _guarded(topic: str, make: Callable[[], T]) -> T:
    try:
        return make()
    except Exception as error:
        raise RuleFailed(topic, "text") from error


def _card(finding: Finding, advice: Advise, findings: Findings, rendering: Rendering) -> Json:
    language, recommendation, facts = rendering.wording.language, finding.topic.recommendation, findings.facts
    topic = language.topics[finding.code]
    folded = findings.folded(finding)
    values = card_values((finding, advice), folded, findings, language)
    name = str(card_uuid(rendering.hook_instance, finding.code, finding.subject.key))
    card = _frame(recommendation, advice.say, advice.indicator, name, values, rendering)
    suggestions = list(_suggestions(advice, name, topic, values, rendering))
    for held, said in folded:
        # Each with the id it has on a card of its own, so that it is counted as that topic's.
        theirs = template_values(held.topic.recommendation, held.subject, facts, said.data)
        own = str(card_uuid(rendering.hook_instance, held.code, held.subject.key))
        suggestions += _suggestions(said, own, language.topics[held.code], theirs, rendering)
    if suggestions:
        card |= {"suggestions": suggestions, "selectionBehavior": "any" if folded else advice.choose}
    if folded:
        card["extension"] = {rendering.wording.folded: [_folded(f, a, rendering) for f, a in folded]}
    return card


def _once(made: Sequence[tuple[Finding, Advise, Json]], rendering: Rendering) -> list[Json]:
    """Each card once: what is said word for word of a second order too (two drafts of one drug) is held by the first
    card, with what only the second can suggest."""
    kept: dict[tuple[str, str, str, str], Json] = {}
    for finding, advice, card in made:
        first = kept.setdefault((finding.code, card["indicator"], card["summary"], card["detail"]), card)
        if first is card:
            continue
        held = first.setdefault("extension", {}).setdefault(rendering.wording.folded, [])
        held += [_folded(finding, advice, rendering), *card.get("extension", {}).get(rendering.wording.folded, ())]
        said = [_does(s) for s in first.get("suggestions", ())]
        if more := [s for s in card.get("suggestions", ()) if _does(s) not in said]:
            first |= {"suggestions": [*first.get("suggestions", ()), *more], "selectionBehavior": "any"}
    return list(kept.values())


def _does(suggestion: Json) -> Json:
    """A suggestion without its id: what it says and does."""
    return {name: value for name, value in suggestion.items() if name != "uuid"}


def _suggestions(
    advice: Advise, card: str, topic: TopicSentences, values: Mapping[str, Any], rendering: Rendering
) -> Iterator[Json]:
    for number, suggestion in enumerate(advice.suggestions):
        if made := _suggestion(suggestion, f"{card}|{number}", topic, values, rendering):
            yield made


def _folded(finding: Finding, advice: Advise, rendering: Rendering) -> Json:
    """What the card that holds another says of it to machines: the topic stays one that can be counted."""
    name = card_uuid(rendering.hook_instance, finding.code, finding.subject.key)
    return {"topic": finding.code, "say": advice.say, "indicator": advice.indicator, "uuid": str(name)}


def card_uuid(hook_instance: uuid.UUID, topic: str, subject: str) -> uuid.UUID:
    """The id of a card. It comes from call, topic and subject: a retry gives the same card."""
    return uuid.uuid5(hook_instance, f"{topic}|{subject}" if subject else topic)


def _frame(
    recommendation: Recommendation,
    say: str,
    indicator: str,
    name: str,
    values: Mapping[str, Any],
    rendering: Rendering,
) -> Json:
    """The parts every card has."""
    wording = rendering.wording
    topic = wording.language.topics[recommendation.topic]
    sentences = topic.cards[say]
    source: Json = {
        "label": recommendation.source.label[wording.language.tag],
        "topic": {"system": wording.topic_system, "code": recommendation.topic, "display": topic.display},
    }
    if recommendation.source.url:
        source["url"] = recommendation.source.url
    card: Json = {
        "uuid": name,
        "summary": one_line(sentences.summary.render(values)),
        "indicator": indicator,
        "detail": detail(sentences, values),
        "source": source,
        "overrideReasons": wording.override_reasons[recommendation.topic],
    }
    if links := wording.links.get(recommendation.topic):
        card["links"] = links
    return card


def detail(sentences: Sentences, values: Mapping[str, Any]) -> str:
    """The card's text, complete by itself: how it was found stands in its last paragraph, with a link or without."""
    parts = [sentences.detail.render(values)]
    if sentences.how:
        parts.append(sentences.how.render(values))
    return tidy("\n\n".join(parts))


def _suggestion(
    suggestion: Suggestion, name: str, topic: TopicSentences, values: Mapping[str, Any], rendering: Rendering
) -> Json | None:
    label = one_line(
        topic.suggestions[suggestion.label].render({**values, "acts": suggestion.acts, "act": suggestion.acts[0]})
    )
    actions = [action for act in suggestion.acts if (action := _action(act, label, rendering))]
    if len(actions) < len(suggestion.acts):
        return None
    made: Json = {"label": label, "uuid": str(uuid.uuid5(rendering.hook_instance, name)), "actions": actions}
    return made | ({"isRecommended": True} if suggestion.recommended else {})


def _action(act: Act, label: str, rendering: Rendering) -> Json | None:
    """One action, or None when the draft has no id by which the client could find it, or cannot be given back."""
    offer, context = rendering.offer, rendering.context
    match act:
        case CreateService(orderable):
            thing = offer.orderables[orderable]
            words = f"{label}: {thing.text[context.language]}"
            return {"type": "create", "description": words, "resource": resources.service_request(thing, context)}
        case CreateDrug(orderable):
            made = resources.medication_request(offer.orderables[orderable], act, context, offer.dosing)
            return {"type": "create", "description": label, "resource": made}
        case DeleteOrder(order):
            found = resources.resource_id(order)
            return {"type": "delete", "description": label, "resourceId": found} if found else None
        case ReviseOrder(order):
            original = own_order(rendering.drafts[order.position]) if resources.resource_id(order) else None
            return original and {
                "type": "update",
                "description": label,
                "resource": resources.revised(original, act, offer.doses, offer.dosing),
            }


def _not_evaluated(
    findings: Findings | None, unreadable: Mapping[str, int], unmet: Sequence[Cause], rendering: Rendering
) -> Json:
    recommendation, language = rendering.wording.not_evaluated, rendering.wording.language
    data = {
        "unknown": list(_unknown_lines(findings.unknown if findings else (), language)),
        "unreadable": dict(unreadable),
        "unmet": [_unmet(path, why) for path, why in unmet],
    }
    values = {"order": None, "p": recommendation.numbers, **NOTHING_MORE, **data}
    name = str(card_uuid(rendering.hook_instance, NOT_EVALUATED, ""))
    say, urgency = ("not-checked", "not-checked") if unmet else ("some-unknown", "default")
    return _frame(recommendation, say, recommendation.indicators[urgency], name, values, rendering)


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
