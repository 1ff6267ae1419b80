"""The one place where a response is fitted to the client it goes to. Ids of cards and suggestions stay the same.

=========== ==========================================================================================================
profile     what changes
=========== ==========================================================================================================
generic     nothing
sandbox     nothing: what its pages would render as HTML was escaped when the cards were made
epic        no extensions (none is documented); topic codes without hyphens; ``selectionBehavior`` is ``any``; one
            action per suggestion, so what has several becomes several; no updates; a new order only where the site's
            preference list has a record that orders the dose of the card, and then with that record's code (Epic takes
            all else from the record)
oracle      links only below the client's registered prefixes; ``critical`` only for the topics the client lists, else
            ``warning``
=========== ==========================================================================================================
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from cds_service.knowledge.knowledge import Knowledge, SplitWords
from cds_service.knowledge.services import Orderable
from cds_service.site.address import inside
from cds_service.site.model import Client, Preference, Site

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Offered:
    """What can be ordered at this site, and the words of split suggestions."""

    orderables: Mapping[str, Orderable]
    preferences: Mapping[str, list[Preference]]
    words: SplitWords

    @classmethod
    def of(cls, knowledge: Knowledge, site: Site) -> Offered:
        return cls(knowledge.orderables, site.preference_list, knowledge.split_words)


def transform(response: Json, client: Client | None, language: str, offered: Offered) -> Json:
    """The response as this client takes it; the one given is not changed. ``client`` None: generic."""
    if client is None or client.profile in ("generic", "sandbox"):
        return response
    if client.profile == "oracle":
        return {**response, "cards": [_oracle(card, client) for card in response["cards"]]}
    return {**response, "cards": [_epic(card, language, offered) for card in response["cards"]]}


def epic_code(topic: str) -> str:
    """A topic code as Epic takes it: letters and digits only. A test holds them apart."""
    return topic.replace("-", "")


def shown_indicator(client: Client | None, topic: str, indicator: str) -> str:
    """The urgency with which a card of this topic is sent to this client."""
    pops_up = client is None or client.profile != "oracle" or topic in client.popup_topics
    return indicator if pops_up or indicator != "critical" else "warning"


def _oracle(card: Json, client: Client) -> Json:
    indicator = shown_indicator(client, card["source"]["topic"]["code"], card["indicator"])
    fitted = {**card, "indicator": indicator}
    if "url" in card["source"] and not _registered(card["source"]["url"], client):
        fitted["source"] = {key: value for key, value in card["source"].items() if key != "url"}
    links = [link for link in fitted.pop("links", []) if _registered(link["url"], client)]
    if links:
        fitted["links"] = links
    return fitted


def _registered(url: str, client: Client) -> bool:
    return any(inside(url, prefix) for prefix in client.links)


def _epic(card: Json, language: str, offered: Offered) -> Json:
    source = card["source"]
    topic = {**source["topic"], "code": epic_code(source["topic"]["code"])}
    fitted = {**card, "source": {**source, "topic": topic}}
    whole = fitted.pop("suggestions", [])
    fitted.pop("selectionBehavior", None)
    fitted.pop("extension", None)
    # A replacement need not bring its removal where the card offers that removal by itself.
    removed = {s["actions"][0].get("resourceId") for s in whole if len(s["actions"]) == 1}
    if kept := [part for suggestion in whole for part in _parts(suggestion, removed, language, offered)]:
        fitted |= {"suggestions": kept, "selectionBehavior": "any"}
    return fitted


def _parts(suggestion: Json, removed: set[str | None], language: str, offered: Offered) -> Iterator[Json]:
    """A suggestion as suggestions of one action each: the first keeps the id, the others' are made from it."""
    actions = [_action(action, offered) for action in suggestion["actions"]]
    kinds = {action["type"] for action in suggestion["actions"]}
    replaces = {"delete", "create"} <= kinds
    # An update is not taken; half a replacement could take a drug away and give nothing.
    if "update" in kinds or (replaces and None in actions):
        return
    kept = [a for a in actions if a and not (replaces and a["type"] == "delete" and a["resourceId"] in removed)]
    for number, action in enumerate(kept):
        made = {**suggestion, "actions": [action]}
        if number:
            made["uuid"] = str(uuid.uuid5(uuid.UUID(suggestion["uuid"]), str(number)))
        if replaces:
            words = offered.words.remove if action["type"] == "delete" else offered.words.create
            made["label"] = words[language].format(label=suggestion["label"])
            made["actions"] = [{**action, "description": made["label"]}]
        yield made


def _action(action: Json, offered: Offered) -> Json | None:
    """The action with the site's own code; None for a new order the preference list has no record of."""
    if action["type"] != "create":
        return action
    resource = action["resource"]
    record = next((r for r in _records(resource, offered) if _orders_the_dose(r, resource)), None)
    return {**action, "resource": _with_code(resource, record)} if record else None


def _records(resource: Json, offered: Offered) -> list[Preference]:
    codes = {(c["system"], c["code"]) for c in _concept(resource)["coding"]}
    for name, orderable in offered.orderables.items():
        if orderable.resource == resource["resourceType"] and codes == {(c.system, c.code) for c in orderable.coding}:
            return offered.preferences.get(name, [])
    return []


def _orders_the_dose(record: Preference, resource: Json) -> bool:
    """Whether the record orders what the card says; a card that names no dose leaves it to the record."""
    stated = [each for dosage in resource.get("dosageInstruction", []) for each in dosage.get("doseAndRate", [])]
    if not stated:
        return True
    if record.dose is None:
        return False
    doses = [stated[0]["doseQuantity"]] if "doseQuantity" in stated[0] else list(stated[0]["doseRange"].values())
    values = [Decimal(str(dose["value"])) for dose in doses]
    return min(values) <= record.dose <= max(values)


def _concept(resource: Json) -> Json:
    """The concept ordered, in R4 and R5."""
    if resource["resourceType"] == "ServiceRequest":
        held: Json = resource["code"]
    else:
        held = resource.get("medicationCodeableConcept") or resource["medication"]
    inner: Json = held.get("concept", held)
    return inner


def _with_code(resource: Json, record: Preference) -> Json:
    coding = [{"system": record.system, "code": record.code, "display": record.display}]
    concept = {**_concept(resource), "coding": coding}
    member = next(m for m in ("code", "medicationCodeableConcept", "medication") if m in resource)
    return {**resource, member: {"concept": concept} if "concept" in resource[member] else concept}
