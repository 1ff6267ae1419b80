"""The topics' code system: one fixed name, every topic in every language, valid FHIR."""

from __future__ import annotations

import re

import pytest
from fhir.resources import get_fhir_model_class as r5_model
from fhir.resources.R4B import get_fhir_model_class as r4b_model

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from tests.asked import answered
from tests.build import bundle, clearance, prefetch, request, zoledronic


def test_it_is_served_and_names_every_topic(edition: Edition) -> None:
    response = create_app(Settings(), edition).test_client().get("/fhir/CodeSystem/card-topic")
    assert response.status_code == 200
    assert response.content_type == "application/fhir+json"
    system = response.get_json()
    assert {c["code"] for c in system["concept"]} == set(edition.knowledge.guideline.recommendations)
    assert system["count"] == len(system["concept"])
    assert all(re.search("[\u4e00-\u9fff]", c["designation"][0]["value"]) for c in system["concept"])
    for model in (r4b_model("CodeSystem"), r5_model("CodeSystem")):
        model.model_validate(system)


def test_a_card_names_the_system_and_it_is_no_address_of_anybody(edition: Edition) -> None:
    low = prefetch(laboratory=bundle(clearance(45)))
    cards = answered(edition, request(zoledronic(), prefetch=low)).response.cards
    assert {c.source.topic.system for c in cards} == {edition.knowledge.services.topic_system}
    assert edition.knowledge.services.topic_system.startswith("urn:uuid:")


@pytest.mark.parametrize("method", ["post", "delete"])
def test_it_can_only_be_read(edition: Edition, method: str) -> None:
    client = create_app(Settings(), edition).test_client()
    assert getattr(client, method)("/fhir/CodeSystem/card-topic").status_code == 405
