"""The site file in the running service: switches, numbers, local codes, client profiles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from cds_service.base.complaints import ContentError
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.web.app import create_app
from tests import build
from tests.build import NOW, SERVICE, Json, bundle, encoded, prefetch, request, zoledronic

EHR = "https://ehr.example.org/fhir"


def served(tmp_path: Path, site: str) -> FlaskClient:
    file = tmp_path / "site.yaml"
    file.write_text(site, encoding="utf-8")
    settings = Settings(site_file=file)
    return create_app(settings, Edition.load(settings), lambda: NOW).test_client()


def cards(client: FlaskClient, body: Json, **headers: str) -> list[Json]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = client.post(SERVICE, data=encoded(body), content_type="application/json", headers=named)
    assert response.status_code == 200, response.get_data(as_text=True)
    found: list[Json] = response.get_json()["cards"]
    return found


def topics(found: list[Json]) -> list[str]:
    return [card["source"]["topic"]["code"] for card in found]


LOW = request(zoledronic(), prefetch=prefetch(laboratory=bundle(build.clearance(45), build.calcium(2.3))))


def test_a_silent_topic_and_one_that_is_off_give_no_card(tmp_path: Path) -> None:
    silent = "silent: [{topic: bisphosphonate-renal-dose, until: 2099-12-31}]\n"
    client = served(tmp_path, silent + "topics: {renal-risk-factors: off}\n")
    assert topics(cards(client, LOW)) == []


def test_a_silent_topic_hides_nothing(tmp_path: Path) -> None:
    body = request(zoledronic(), prefetch=prefetch(
        conditions=bundle(build.LUNG_CANCER, build.BONE_METASTASIS, build.condition("N17.9")),
        laboratory=bundle(build.clearance(45), build.calcium(2.3)),
    ))  # fmt: skip
    client = served(tmp_path, "silent: [{topic: renal-function-unstable, until: 2099-12-31}]\n")
    assert topics(cards(client, body)) == ["bisphosphonate-renal-dose"]


def test_a_site_sets_a_look_back_within_its_bounds(tmp_path: Path) -> None:
    body = request(zoledronic(), prefetch=prefetch(procedures=bundle(build.dental_exam(200))))
    assert topics(cards(served(tmp_path, "{}\n"), body)) == ["dental-exam-before-bma"]
    wider = served(tmp_path, "parameters: {dental-exam-before-bma: {look_back: 210}}\n")
    assert topics(cards(wider, body)) == []
    with pytest.raises(ContentError, match="look_back"):
        served(tmp_path, "parameters: {dental-exam-before-bma: {look_back: 100000}}\n")


def test_local_codes_and_names_are_recognised(tmp_path: Path) -> None:
    site = """\
codes: [{system: "urn:oid:1.2.3.4", code: ZOL4, concept: zoledronic-acid, domain: drug}]
names: [{text: 骨优宁, lang: zh, concept: zoledronic-acid, domain: drug}]
"""
    client = served(tmp_path, site)
    for drug in ({"coding": [{"system": "urn:oid:1.2.3.4", "code": "ZOL4"}]}, {"text": "骨优宁 4mg"}):
        body = LOW | {"context": LOW["context"] | {"draftOrders": {
            "resourceType": "Bundle", "entry": [{"resource": zoledronic(medicationCodeableConcept=drug)}],
        }}}  # fmt: skip
        assert "bisphosphonate-renal-dose" in topics(cards(client, body))


def test_the_client_is_known_by_its_fhir_server(tmp_path: Path) -> None:
    site = f"""\
clients:
  - {{name: main, fhir_servers: [{EHR}], profile: epic, default_language: zh}}
"""
    client = served(tmp_path, site)
    (dose, *_) = cards(client, LOW | {"fhirServer": EHR})
    assert dose["source"]["topic"]["code"] == "bisphosphonaterenaldose"
    assert "唑来膦酸" in dose["summary"]
    assert "suggestions" not in dose, "Epic takes no updates"
    (dose, *_) = cards(client, LOW)
    assert dose["source"]["topic"]["code"] == "bisphosphonate-renal-dose"


def test_a_critical_card_pops_up_at_oracle_only_where_it_may(tmp_path: Path) -> None:
    body: dict[str, Any] = request(zoledronic(), fhirServer=EHR)
    body["prefetch"] = prefetch(laboratory=bundle(build.clearance(25), build.calcium(2.3)))
    quiet = f"clients: [{{name: main, fhir_servers: [{EHR}], profile: oracle}}]\n"
    (dose, *_) = cards(served(tmp_path, quiet), body)
    assert dose["indicator"] == "warning"
    loud = quiet.replace("oracle}", "oracle, popup_topics: [bisphosphonate-renal-dose]}")
    (dose, *_) = cards(served(tmp_path, loud), body)
    assert dose["indicator"] == "critical"


def test_a_label_site_names_no_dose_of_ibandronate(tmp_path: Path) -> None:
    body = request(build.order("115264", 6), prefetch=LOW["prefetch"])
    assert "bisphosphonate-renal-dose" in topics(cards(served(tmp_path, "{}\n"), body))
    assert "bisphosphonate-renal-dose" not in topics(cards(served(tmp_path, "ibandronate: label\n"), body))


def test_a_site_sets_the_searches_its_server_can_answer(tmp_path: Path) -> None:
    own = "Observation?patient={{context.patientId}}&_sort=-date"
    client = served(tmp_path, f'prefetch: {{laboratory: "{own}"}}\n')
    service = client.get("/cds-services").get_json()["services"][0]
    assert service["prefetch"]["laboratory"] == own
    for wrong in ("Condition?patient={{context.patientId}}", "Observation?status=final"):
        with pytest.raises(ContentError, match="laboratory"):
            served(tmp_path, f'prefetch: {{laboratory: "{wrong}"}}\n')
    with pytest.raises(ContentError, match="labs"):
        served(tmp_path, f'prefetch: {{labs: "{own}"}}\n')
