"""A finding, in the caller's language, as a card of the CDS Hooks response."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cds_service.evaluate.findings import Finding, Findings
from cds_service.evaluate.outcome import Act, Advise, CreateDrug, CreateService, DeleteOrder, ReviseOrder, Suggestion
from cds_service.facts.doses import DoseReader
from cds_service.facts.subjects import DrugOrder, Subject
from cds_service.knowledge.dosing import Dosing
from cds_service.knowledge.model import Recommendation
from cds_service.knowledge.services import Orderable
from cds_service.render import resources
from cds_service.render.resources import Json, OrderContext
from cds_service.render.texts import Language, Sentences, TopicSentences, one_line, tidy
from cds_service.render.values import card_values, template_values
from cds_service.render.verbatim import own_order

SUMMARY = 100  # characters of a card's first line


@dataclass(frozen=True)
class Wording:
    """One language of an edition: its sentences, and what every card names in it."""

    language: Language
    override_reasons: Mapping[str, list[dict[str, str]]]  # by topic: Codings
    topic_system: str
    not_evaluated: Recommendation
    summary: Recommendation
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
    """Everything rendering needs besides the findings.

    ``drafts``: the client's own orders by position. ``review``: a chart was opened, and nothing ordered. ``beside``:
    the prefetch keys that discovery leaves out; that they were not looked at is said once, and not on every card.
    """

    wording: Wording
    offer: Offer
    context: OrderContext
    hook_instance: uuid.UUID
    drafts: Mapping[int, msgspec.Raw]
    review: bool = False
    beside: frozenset[str] = frozenset()


def card_of(finding: Finding, advice: Advise, findings: Findings, rendering: Rendering) -> Json:
    """A finding as its card."""
    language, recommendation, facts = rendering.wording.language, finding.topic.recommendation, findings.facts
    topic = language.topics[finding.code]
    folded = findings.folded(finding)
    values = card_values((finding, advice), folded, findings, language, rendering.beside)
    name = str(card_uuid(rendering.hook_instance, finding.code, finding.subject.key))
    card = frame(recommendation, advice.say, advice.indicator, name, values, rendering)
    joined = findings.joined(finding)
    card["summary"] = _naming(card["summary"], finding.subject, values["also_about"], language)
    suggestions = own_suggestions = list(_suggestions(advice, name, topic, values, rendering))
    holds = (*folded, *(each for f, a in joined for each in ((f, a), *findings.folded(f))))
    for held, said in holds:
        # Each with the id it has on a card of its own, so that it is counted as that topic's.
        theirs = template_values(held.topic.recommendation, held.subject, facts, said.data)
        own = str(card_uuid(rendering.hook_instance, held.code, held.subject.key))
        more = further(suggestions, _suggestions(said, own, language.topics[held.code], theirs, rendering))
        suggestions = [*suggestions, *more]
    if suggestions:
        grown = folded or len(suggestions) > len(own_suggestions)
        card |= {"suggestions": suggestions, "selectionBehavior": "any" if grown else advice.choose}
    if holds:
        card["extension"] = {rendering.wording.folded: [as_folded(f, a, rendering) for f, a in holds]}
    return card


def _naming(summary: str, own: Subject, others: Iterable[Subject], language: Language) -> str:
    """A summary that names the drugs of the other orders its card is about too, where there is room."""
    drugs = {(o.drug, o.substance): o for o in (own, *others) if isinstance(o, DrugOrder)}
    others = list(drugs.values())[1:]
    named = summary + language.notes["other-orders"].render({"others": others}).rstrip() if others else summary
    return named if len(named) <= SUMMARY else summary


def further(said: Iterable[Json], more: Iterable[Json]) -> list[Json]:
    """The suggestions that do what none of those ``said`` does; their ids do not count."""
    known = [_does(each) for each in said]
    return [each for each in more if _does(each) not in known]


def _does(suggestion: Json) -> Json:
    return {name: value for name, value in suggestion.items() if name != "uuid"}


def _suggestions(
    advice: Advise, card: str, topic: TopicSentences, values: Mapping[str, Any], rendering: Rendering
) -> Iterator[Json]:
    for number, suggestion in enumerate(advice.suggestions):
        if made := _suggestion(suggestion, f"{card}|{number}", topic, values, rendering):
            yield made


def as_folded(finding: Finding, advice: Advise, rendering: Rendering) -> Json:
    """What the card that holds another says of it to machines: the topic stays one that can be counted."""
    name = card_uuid(rendering.hook_instance, finding.code, finding.subject.key)
    return {"topic": finding.code, "say": advice.say, "indicator": advice.indicator, "uuid": str(name)}


def card_uuid(hook_instance: uuid.UUID, topic: str, subject: str) -> uuid.UUID:
    """The id of a card. It comes from call, topic and subject: a retry gives the same card."""
    return uuid.uuid5(hook_instance, f"{topic}|{subject}" if subject else topic)


def frame(
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
