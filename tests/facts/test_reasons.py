"""The diagnosis that an order refers to: on record, contained, or only displayed."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from cds_service.facts.reasons import MOST, referred
from cds_service.fhir.structs import CodeableConcept, Condition, ServiceRequest

RECORD = {"Condition/c1": Condition(id="c1", code=CodeableConcept(text="on record"))}
INSIDE = {"resourceType": "Condition", "id": "k", "code": {"text": "contained"}}
OTHER = {"resourceType": "Observation", "id": "k"}


def told(**members: Any) -> list[str | None]:
    made = msgspec.json.encode({"resourceType": "ServiceRequest", "id": "s"} | members)
    return [c.text for c in referred(msgspec.json.decode(made, type=ServiceRequest), RECORD.get)]


@pytest.mark.parametrize(
    ("reference", "contained", "text"),
    [
        ({"reference": "Condition/c1", "display": "shown"}, None, ["on record"]),
        ({"reference": "Condition/gone", "display": "shown"}, None, ["shown"]),
        ({"display": "shown"}, None, ["shown"]),
        ({"reference": "Condition/gone"}, None, []),
        ({"reference": "#k", "display": "shown"}, [OTHER, INSIDE], ["contained"]),
        ({"reference": "#k", "display": "shown"}, [OTHER], ["shown"]),
        ({"reference": "#k"}, [OTHER] * MOST + [INSIDE], []),
        ({"reference": "#k", "display": "shown"}, "broken", ["shown"]),
    ],
)  # fmt: skip
def test_where_the_reason_stands(reference: dict[str, str], contained: Any, text: list[str]) -> None:
    more = {} if contained is None else {"contained": contained}
    assert told(reasonReference=[reference], **more) == text
    assert told(reason=[{"reference": reference}], **more) == text
