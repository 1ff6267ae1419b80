"""A situation of ``fhir_fixtures/`` told in two ways: all in the request, or on a FHIR server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cds_service.fixtures import load
from fhir_server.server import FhirServer

Json = dict[str, Any]
CATEGORIES = "http://terminology.hl7.org/CodeSystem/observation-category"


@dataclass(frozen=True)
class Told:
    """``body`` is the request with all its prefetch; ``status`` and ``response`` are the stored answer."""

    name: str
    service: str
    language: str
    at: datetime
    body: Json
    status: int
    response: Json

    @property
    def patient_id(self) -> str:
        return str(self.body["context"]["patientId"])

    @property
    def keys(self) -> list[str]:
        return list(self.body["prefetch"])

    @property
    def resources(self) -> list[Json]:
        """All prefetched resources, each once."""
        each = {(r["resourceType"], r["id"]): r for r in _resources(self.body["prefetch"].values())}
        return list(each.values())

    def from_server(self, server: FhirServer, *, token: str | None = None, **members: Any) -> Json:
        """The request as an EHR sends it that lets the service read from ``server``; ``members`` replace others."""
        authorization = {
            "access_token": token or server.token,
            "token_type": "Bearer",
            "expires_in": 300,
            "scope": "patient/*.rs",
            "subject": "cds-service",
            "patient": self.patient_id,
        }
        return self.body | {"fhirServer": server.base, "fhirAuthorization": authorization} | members


def told(name: str) -> Told:
    situation = load(name)
    body = json.loads(situation.request)
    _make_findable(body["prefetch"])
    story = situation.story
    return Told(name, story.service, story.language, situation.at, body, story.status, situation.response)


def _make_findable(prefetch: Json) -> None:
    """Results get a category and weights a code where a story leaves them out: without, no search would find them."""
    for result in _resources([prefetch.get("laboratory")]):
        result.setdefault("category", [{"coding": [{"system": CATEGORIES, "code": "laboratory"}]}])
    for weight in _resources([prefetch.get("measurements")]):
        weight["code"].setdefault("coding", [{"system": "http://loinc.org", "code": "29463-7"}])


def _resources(members: Iterable[Json | None]) -> Iterator[Json]:
    """What a server would have stored: an outcome is said on the way, not kept."""
    for member in members:
        is_bundle = member is not None and member["resourceType"] == "Bundle"
        resources = [entry["resource"] for entry in (member or {}).get("entry", [])] if is_bundle else [member]
        yield from (r for r in resources if r and r["resourceType"] != "OperationOutcome")
