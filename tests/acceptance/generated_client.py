"""Run by ``generated_run.py`` in an environment without this service: only what was generated talks to the server."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from importlib import import_module
from typing import Any

FOLDER, BASE = sys.argv[1:]
sys.path.insert(0, FOLDER)


def operation(group: str, name: str) -> Any:
    return import_module(f"generated.api.{group}.{name.replace('-', '_')}").sync_detailed


def model(name: str) -> Any:
    return getattr(import_module("generated.models"), name)


def request_of(body: dict[str, Any]) -> Any:
    """The request as the generated classes hold it; nothing of it may be lost on the way."""
    name = "".join(word.capitalize() for word in body["hook"].split("-")) + "Request"
    made = model(name).from_dict(body)
    assert made.to_dict() == body, name
    return made


def check_situation(client: Any, name: str, told: dict[str, Any]) -> Any:
    """Called at both addresses, the cards are those of the story; the answer of the default one."""
    body, service = request_of(told["request"]), f"call_{told['service']}"
    answers = [
        operation("cds_hooks", service)(client=client, body=body, accept_language="en"),
        operation("one_hook", f"{service}_on_{told['request']['hook']}")(client=client, body=body),
    ]
    for answer in answers:
        assert int(answer.status_code) == 200, (name, answer)
        cards = [f"{card.indicator.value} {card.source.topic.code}" for card in answer.parsed.cards]
        assert cards == told["cards"], (name, cards)
    return answers[0].parsed


def check_feedback(client: Any, service: str, card: str) -> None:
    said = {"card": card, "outcome": "overridden", "outcomeTimestamp": datetime.now(UTC).isoformat()}
    body = model("FeedbackRequest").from_dict({"feedback": [said]})
    answer = operation("cds_hooks", f"feedback_{service}")(client=client, body=body)
    assert int(answer.status_code) == 200, answer


def check_error(client: Any, told: dict[str, Any]) -> None:
    """A broken call is an OperationOutcome that the client can read."""
    body = request_of(told["request"])
    body.context.patient_id = " "
    answer = operation("cds_hooks", f"call_{told['service']}")(client=client, body=body)
    assert int(answer.status_code) == 400, answer
    assert answer.parsed.issue[0].expression == ["context.patientId"], answer.parsed


def main() -> None:
    client = import_module("generated").Client(base_url=BASE, raise_on_unexpected_status=True)
    situations = json.loads(sys.stdin.read())
    offered = operation("cds_hooks", "discover")(client=client).parsed.services
    assert {told["service"] for told in situations.values()} <= {service.id for service in offered}
    shown = [(told["service"], check_situation(client, name, told)) for name, told in situations.items()]
    service, card = next((service, answer.cards[0]) for service, answer in shown if answer.cards)
    check_feedback(client, service, card.uuid)
    check_error(client, next(iter(situations.values())))
    for name in ("health", "livez", "readyz", "topics", "openapi"):
        assert int(operation("about", name)(client=client).status_code) == 200, name
    print(f"generated client: {len(situations)} situations at two addresses each, feedback, errors, health: as told")


if __name__ == "__main__":
    main()
