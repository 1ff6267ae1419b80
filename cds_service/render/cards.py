"""Findings, in the caller's language, as the CDS Hooks response."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import msgspec

from cds_service.call.problems import RuleFailed
from cds_service.edition import Content
from cds_service.evaluate.judge import URGENCY, Finding, Findings, Unknown
from cds_service.evaluate.outcome import Act, Advise, CreateDrug, CreateService, DeleteOrder, ReviseOrder, Suggestion
from cds_service.facts.facts import DrugOrder, Facts, Missing, Order
from cds_service.knowledge.model import Recommendation
from cds_service.render import resources
from cds_service.render.model import Response
from cds_service.render.resources import Caller, Json
from cds_service.render.texts import Language, TopicSentences, one_line, tidy
from cds_service.render.verbatim import own_order
from cds_service.site.complaint import NOT_EVALUATED

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """Everything rendering needs besides the findings. ``drafts``: the client's own orders by position."""

    content: Content
    language: Language
    caller: Caller
    hook_instance: uuid.UUID
    drafts: Mapping[int, msgspec.Raw]


def render(findings: Findings, unreadable: Mapping[str, int], page: Page) -> Response:
    """The response, most urgent first, checked against its own model.

    Raises ``RuleFailed`` naming the topic when a sentence or a suggestion of ours cannot be made.
    """
    cards = [_guarded(f.topic, partial(_card, f, a, findings.facts, page)) for f, a in findings.advice]
    if findings.unknown or unreadable:
        cards.append(_guarded(NOT_EVALUATED, partial(_not_evaluated, findings, unreadable, page)))
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


def _card(finding: Finding, advice: Advise, facts: Facts, page: Page) -> Json:
    topic = page.language.topics[finding.topic]
    values = template_values(finding.recommendation, finding.order, facts, page.language, advice.data, advice.say)
    values["notes"] = _notes(finding, values, page.language)
    values["gaps"] = _gaps(finding.recommendation, facts, page.language)
    name = card_uuid(page.hook_instance, finding.topic, finding.order.key)
    card = _frame(finding.recommendation, advice.say, advice.indicator, name, values, page)
    suggestions = [
        made
        for number, suggestion in enumerate(advice.suggestions)
        if (made := _suggestion(suggestion, f"{card['uuid']}|{number}", topic, values, page))
    ]
    if suggestions:
        card |= {"suggestions": suggestions, "selectionBehavior": advice.choose}
    return card


def card_uuid(hook_instance: uuid.UUID, topic: str, order: str) -> uuid.UUID:
    """The id of a card. It comes from call, topic and order: a retry gives the same card."""
    return uuid.uuid5(hook_instance, f"{topic}|{order}" if order else topic)


def _frame(
    recommendation: Recommendation, say: str, indicator: str, name: uuid.UUID, values: Mapping[str, Any], page: Page
) -> Json:
    """The parts every card has."""
    topic = page.language.topics[recommendation.topic]
    sentences = topic.cards[say]
    source: Json = {
        "label": recommendation.source.label[page.language.tag],
        "topic": {"system": page.content.topic_system, "code": recommendation.topic, "display": topic.display},
    }
    if recommendation.source.url:
        source["url"] = recommendation.source.url
    return {
        "uuid": str(name),
        "summary": one_line(sentences.summary.render(values)),
        "indicator": indicator,
        "detail": tidy(sentences.detail.render(values)),
        "source": source,
        "overrideReasons": page.content.override_reasons[page.language.tag][recommendation.topic],
    }


def template_values(
    recommendation: Recommendation,
    order: Order | None,
    facts: Facts,
    language: Language,
    data: Mapping[str, Any],
    say: str | None = None,
) -> dict[str, Any]:
    """What the templates of a recommendation see; ``say`` is the card, which may rest on an ungraded statement."""
    source = recommendation.source
    if source.graded_cards and say not in source.graded_cards:
        source = msgspec.structs.replace(source, grade=None, recommendation=[])
    return {
        "order": order,
        "facts": facts,
        "p": recommendation.numbers,
        "source": source,
        "source_label": source.label[language.tag],
        "notes": "",
        "gaps": "",
        **data,
    }


def _notes(finding: Finding, values: Mapping[str, Any], language: Language) -> str:
    """What every card of this order must add: whose guideline this is when the diagnosis leaves it open, and how sure
    the recognition of the drug is."""
    keys: list[str] = [finding.scope] if finding.scope in language.notes else []
    if isinstance(finding.order, DrugOrder) and finding.order.low_confidence:
        keys.append("low-confidence")
    return "\n\n".join(language.notes[key].render(values).strip() for key in keys)


def _gaps(recommendation: Recommendation, facts: Facts, language: Language) -> str:
    """What the topic would also have looked at and did not get: said on the card that is given all the same."""
    missing = facts.lacking(*recommendation.needs.optional)
    return language.notes["gaps"].render(missing=missing).strip() if missing else ""


def _suggestion(
    suggestion: Suggestion, name: str, topic: TopicSentences, values: Mapping[str, Any], page: Page
) -> Json | None:
    label = one_line(
        topic.suggestions[suggestion.label].render({**values, "acts": suggestion.acts, "act": suggestion.acts[0]})
    )
    actions = [action for act in suggestion.acts if (action := _action(act, label, page))]
    if len(actions) < len(suggestion.acts):
        return None
    made: Json = {"label": label, "uuid": str(uuid.uuid5(page.hook_instance, name)), "actions": actions}
    return made | ({"isRecommended": True} if suggestion.recommended else {})


def _action(act: Act, label: str, page: Page) -> Json | None:
    """One action, or None when the draft has no id by which the client could find it, or cannot be given back."""
    content, caller = page.content, page.caller
    match act:
        case CreateService(orderable):
            thing = content.orderables[orderable]
            words = f"{label}: {thing.text[caller.language]}"
            return {"type": "create", "description": words, "resource": resources.service_request(thing, caller)}
        case CreateDrug(orderable):
            made = resources.medication_request(content.orderables[orderable], act, caller, content.dosing)
            return {"type": "create", "description": label, "resource": made}
        case DeleteOrder(order):
            found = resources.resource_id(order)
            return {"type": "delete", "description": label, "resourceId": found} if found else None
        case ReviseOrder(order):
            original = own_order(page.drafts[order.position]) if resources.resource_id(order) else None
            return original and {
                "type": "update",
                "description": label,
                "resource": resources.revised(original, act, content.reader.doses, content.dosing),
            }


def _not_evaluated(findings: Findings, unreadable: Mapping[str, int], page: Page) -> Json:
    recommendation = page.content.recommendations[NOT_EVALUATED]
    data = {"unknown": list(_unknown_lines(findings.unknown, page.language)), "unreadable": dict(unreadable)}
    values = template_values(recommendation, None, findings.facts, page.language, data)
    name = card_uuid(page.hook_instance, NOT_EVALUATED, "")
    return _frame(recommendation, "some-unknown", recommendation.indicators["default"], name, values, page)


def _unknown_lines(unknown: Iterable[Unknown], language: Language) -> Iterator[Json]:
    """One line per topic: its name and everything that was missing for any order, each once."""
    by_topic: dict[str, dict[Missing, None]] = {}
    for each in unknown:
        by_topic.setdefault(each.topic, {}).update(dict.fromkeys(each.missing))
    for topic, missing in by_topic.items():
        yield {"topic": language.topics[topic].display, "missing": list(missing)}
