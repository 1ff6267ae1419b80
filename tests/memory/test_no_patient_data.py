"""Nothing of a patient, and no token, is in the tables, in the log, or in what is answered to a mistake."""

from __future__ import annotations

import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.store.tables import card, feedback
from tests import build
from tests.build import SERVICE, Json, bundle, encoded, prefetch, request, zoledronic
from tests.databases import BACKENDS
from tests.memory.build import (
    FEEDBACK,
    Service,
    auditing,
    dump,
    emptied,
    event,
    remembering,
    served,
    suppressing,
    until,
    without,
)

MARK = "Zzyzx"
BORN = "1951-07-13"
CLEARANCE, DOSE = "47.1373", "4.2317"
SECRETS = (MARK, MARK.lower(), BORN, CLEARANCE, DOSE)


@pytest.fixture(scope="module", params=BACKENDS)
def memory(request: pytest.FixtureRequest) -> Iterator[Memory]:
    with remembering(request) as made:
        yield made


@pytest.fixture
def log(memory: Memory, caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """Everything that anything says, the statements of the database and their parameters included."""
    emptied(memory)
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.pool", "urllib3", "alembic"):
        caplog.set_level(logging.DEBUG, name)
    # Connections opened from here on see the level.
    memory.database.close()
    yield caplog
    emptied(memory)
    memory.database.close()


def marked(**members: object) -> Json:
    """A request that gets cards and says MARK wherever a request can."""
    subject = {"reference": f"Patient/{MARK}"}
    name = {"text": f"唑来膦酸 {MARK}", "coding": [{"system": build.RXNORM, "code": "77655", "display": MARK}]}
    quantity = {"doseQuantity": {"value": float(DOSE), "unit": "mg"}}
    zol = zoledronic(
        id=f"{MARK}-1", subject=subject, note=[{"text": MARK}], medicationCodeableConcept=name,
        dosageInstruction=[{"text": MARK, "doseAndRate": [quantity]}], requester={"display": MARK},
    )  # fmt: skip
    unknown = zoledronic(id=f"{MARK}-2", subject=subject, medicationCodeableConcept={"text": MARK})
    low = build.clearance(float(CLEARANCE)) | {"id": MARK, "subject": subject, "note": [{"text": MARK}]}
    odd = build.observation("2160-0", MARK, MARK, subject=subject, id=f"{MARK}-3")
    person = build.patient(
        id=MARK, birthDate=BORN, name=[{"family": MARK, "given": [MARK]}], identifier=[{"value": MARK}]
    )
    cancer = [each | {"subject": subject, "code": each["code"] | {"text": MARK}} for each in
              (build.LUNG_CANCER, build.BONE_METASTASIS)]  # fmt: skip
    body = request(
        zol, unknown,
        prefetch=prefetch(patient=person, conditions=bundle(*cancer), laboratory=bundle(low, odd), procedures=bundle()),
        fhirServer=f"https://{MARK}.example.org/fhir",
        fhirAuthorization={"access_token": MARK, "token_type": "Bearer", "scope": MARK, "subject": MARK},
        extension={MARK: MARK}, **{MARK: MARK},
    )  # fmt: skip
    context = {"userId": f"Practitioner/{MARK}", "patientId": MARK, "encounterId": MARK}
    return body | {"context": body["context"] | context} | members


def reaction(**members: object) -> Json:
    """Feedback that says MARK wherever feedback can."""
    reason = {"reason": {"code": MARK, "system": MARK, "display": MARK}, "userComment": MARK}
    return event(overrideReason=reason, overrideReasons=[reason, reason["reason"]], topic=MARK, vendor=MARK) | members


def nothing_in(text: str) -> None:
    found = [secret for secret in SECRETS if secret in text]
    assert not found


def test_the_tables_and_the_log_hold_nothing_of_what_was_said(
    edition: Edition, memory: Memory, log: pytest.LogCaptureFixture
) -> None:
    service = served(edition, suppressing(memory), suppression={"hours": 24})
    headers = {"Authorization": f"Bearer {MARK}", "User_Agent": MARK, "X_Request_Id": MARK}
    answer = service.call(marked(), **headers)
    assert answer.status_code == 200
    said = answer.get_data(as_text=True)
    assert MARK in said
    assert CLEARANCE[:4] in said, "the clearance was read"
    service.recorded(1)
    told = [reaction(card=each["uuid"], outcomeTimestamp="2026-03-02T09:00:00Z") for each in answer.get_json()["cards"]]
    assert service.post(FEEDBACK, encoded({"feedback": told, MARK: MARK}), **headers).status_code == 200
    assert service.call(marked(hookInstance=str(uuid.uuid4())), **headers).status_code == 200
    assert [row["status"] for row in service.recorded(2)] == [200, 200]
    assert any(row["sameness"] for row in service.rows(card))
    assert any(row["outcome"] == "suppressed" for row in service.rows(card)), "the patient was recognised"
    assert service.rows(feedback)
    nothing_in(dump(memory.database))
    assert "INSERT INTO call" in log.text, "the log was listened to"
    nothing_in(log.text)


def _mistakes(service: Service) -> Iterator[TestResponse]:
    good = marked()
    changes = (
        {"prefetch": {}}, {"prefetch": {"patient": MARK}}, {"prefetch": [MARK]}, {"hook": MARK}, {"hookInstance": MARK},
        {"context": {MARK: MARK}}, {"context": good["context"] | {"patientId": [MARK]}},
        {"context": good["context"] | {"patientId": f"other-{MARK}"}}, {"fhirAuthorization": MARK},
    )  # fmt: skip
    for change in changes:
        yield service.call(good | change)
    yield service.post(SERVICE, encoded(good)[:-40])
    yield service.post(SERVICE, encoded(good), Content_Type=f"text/{MARK}")
    yield service.post(f"/cds-services/{MARK}", encoded(good))
    yield service.post(f"/cds-services/{MARK}/feedback", encoded({"feedback": [reaction()]}))
    yield service.http.get(f"/{MARK}?{MARK}={MARK}")
    yield service.post(FEEDBACK, encoded({"feedback": [reaction()]})[:-10])
    yield service.post(FEEDBACK, encoded({"feedback": [reaction()]}), Content_Type=MARK)
    for change in (
        {"card": MARK}, {"outcome": MARK}, {"outcomeTimestamp": MARK}, {"acceptedSuggestions": [{"id": MARK}]},
        {"acceptedSuggestions": MARK}, {"overrideReason": MARK}, {"overrideReason": {"userComment": MARK * 1000}},
        {"overrideReasons": [[MARK]]}, {"topic": [MARK]},
    ):  # fmt: skip
        yield service.tell(reaction(**change))


def test_what_is_answered_to_a_mistake_repeats_nothing_and_keeps_nothing(
    edition: Edition, memory: Memory, log: pytest.LogCaptureFixture
) -> None:
    service = served(
        edition,
        suppressing(memory),
        suppression={"hours": 24},
        clients=[{"name": "strict", "missing_data": "refuse"}],
    )
    answers = list(_mistakes(service))
    assert {answer.status_code for answer in answers} == {400, 404, 412, 415}
    for answer in answers:
        assert answer.get_json()["resourceType"] == "OperationOutcome"
        nothing_in(answer.get_data(as_text=True))
        nothing_in(str(answer.headers))
    assert service.rows(feedback) == []
    until(lambda: memory.audit.waiting == 0)
    nothing_in(dump(memory.database))
    nothing_in(log.text)


def test_a_store_that_fails_quotes_no_row(edition: Edition, memory: Memory, log: pytest.LogCaptureFixture) -> None:
    with auditing(memory, 10) as own:
        service = served(edition, suppressing(own), suppression={"hours": 24}, feedback={"comments": True})
        with without(memory, feedback):
            answer = service.tell(reaction())
            assert answer.status_code in (500, 503)
        with without(memory, card):
            assert service.call(marked()).status_code == 200
            until(lambda: "cannot be recorded now" in log.text or own.audit.dropped > 0)
        nothing_in(answer.get_data(as_text=True))
    # The log of the server itself: what SQLAlchemy says at DEBUG of a comment that a site keeps is not the server's.
    nothing_in("\n".join(r.getMessage() for r in log.records if r.name.startswith("cds_service")))
    nothing_in(json.dumps([r.exc_text for r in log.records if r.name.startswith("cds_service")]))


def test_the_file_of_sqlite_holds_nothing_of_it_either(edition: Edition, tmp_path: Path) -> None:
    memory = Memory.open(Settings(database_url=f"sqlite:///{tmp_path / 'cds.sqlite3'}"), edition.site.suppression)
    try:
        service = served(edition, suppressing(memory), suppression={"hours": 24})
        assert service.call(marked()).status_code == 200
        assert service.tell(reaction()).status_code == 200
        service.recorded(1)
    finally:
        files = b"".join(file.read_bytes() for file in tmp_path.iterdir())
        memory.close(10)
    assert b"bisphosphonate-renal-dose" in files
    assert not [secret for secret in SECRETS if secret.encode() in files]
