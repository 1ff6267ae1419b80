"""What is read of procedures, requests, appointments and visits, compared whole: what it is, whether it was done,
ordered or booked, on which day, where, and its words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from cds_service.base.kinds import RequestText
from cds_service.edition import Edition
from cds_service.facts.activities import Activity, How
from cds_service.facts.sites import BoneSite, Place
from tests.build import NOW, PATIENT, SNOMED, Json, ago, condition
from tests.facts.whole import facts_of

T = RequestText
SUBJECT = {"reference": f"Patient/{PATIENT}"}
RADIATED = "胸椎放疗"
OF_SPINE = Place(BoneSite("spine", None, frozenset(), T(RADIATED)))


def day(days_ago: int) -> date:
    return NOW.date() - timedelta(days=days_ago)


def made(kind: str, **members: Any) -> Json:
    told = {"resourceType": kind, "id": "r", "subject": SUBJECT} | members
    return {k: v for k, v in told.items() if v is not None}


def procedure(text: str = RADIATED, **members: Any) -> Json:
    dated = {"code": {"text": text}, "status": "completed", "performedDateTime": ago(5)}
    return made("Procedure", **dated | members)


def request(text: str = RADIATED, **members: Any) -> Json:
    dated = {"code": {"text": text}, "status": "active", "intent": "order", "authoredOn": ago(6)}
    return made("ServiceRequest", **dated | members)


def appointment(**members: Any) -> Json:
    told = {"status": "booked", "start": f"{ago(-3)}T09:00:00Z", "participant": [{"actor": SUBJECT}]}
    return made("Appointment", **told | members)


def read(edition: Edition, *resources: Json) -> tuple[Activity, ...]:
    return facts_of(edition, *resources).activities.all


def hows(edition: Edition, *resources: Json) -> list[tuple[str, date | None]]:
    return [(a.how, a.when) for a in read(edition, *resources)]


# Procedures and requests


def test_a_procedure_and_a_request_are_read_whole(edition: Edition) -> None:
    more = {"note": [{"text": "30Gy/10f"}], "reasonCode": [{"text": "疼痛"}]}
    found = read(edition, procedure(**more), request(orderDetail=[{"text": "SBRT"}], id=None, **more))
    words = (RADIATED, "30Gy/10f", "疼痛")
    assert found == (
        Activity(frozenset({"radiotherapy"}), "done", day(5), OF_SPINE, T(RADIATED), T("Procedure/r"), words),
        Activity(
            frozenset({"radiotherapy"}), "ordered", day(6), OF_SPINE, T(RADIATED), T("ServiceRequest/?"),
            (RADIATED, "SBRT", "30Gy/10f", "疼痛"),
        ),
    )  # fmt: skip
    coded = {"coding": [{"system": SNOMED, "code": "225971008", "display": "Liaising"}, {"display": "Liaising"}]}
    (one,) = read(edition, procedure(code=coded, id=None))
    assert one == Activity(
        frozenset({"mdt"}), "done", day(5), Place(), T(one.text), T("Procedure/?"), ("Liaising",)
    )  # fmt: skip


def test_a_body_site_says_where(edition: Edition) -> None:
    (found,) = read(edition, procedure("放疗", bodySite=[{"text": "Left femur"}]))
    assert found.place == Place(BoneSite("femur", "left", frozenset(), T("Left femur")))


def test_what_is_of_no_kind_or_only_broadly_of_one_is_no_activity(edition: Edition) -> None:
    assert read(edition, procedure("Haircut"), request("Haircut")) == ()
    assert read(edition, procedure(code=None), request(code=None)) == ()
    broad = {"coding": [{"system": SNOMED, "code": "229033006"}]}
    assert read(edition, procedure(code=broad)) == ()


@pytest.mark.parametrize(
    ("status", "how"),
    [("completed", "done"), ("in-progress", "done"), ("preparation", "ordered"), ("not-done", None), ("stopped", None)],
)
def test_the_status_of_a_procedure(edition: Edition, status: str, how: How | None) -> None:
    assert hows(edition, procedure(status=status)) == ([(how, day(5))] if how else [])


@pytest.mark.parametrize(
    ("members", "how"),
    [
        ({}, "ordered"), ({"status": "draft"}, "ordered"), ({"status": "completed"}, "done"),
        ({"status": "revoked"}, None), ({"status": "entered-in-error"}, None), ({"doNotPerform": True}, None),
        ({"intent": "proposal"}, None),
    ],
)  # fmt: skip
def test_the_status_of_a_request(edition: Edition, members: Json, how: How | None) -> None:
    assert hows(edition, request(**members)) == ([(how, day(6))] if how else [])


PERIOD = {"start": ago(9), "end": ago(7)}
NO_DAY = {"performedDateTime": None}


@pytest.mark.parametrize(
    ("one", "when"),
    [
        (procedure(performedPeriod=PERIOD), day(5)),
        (procedure(**NO_DAY, occurrenceDateTime=ago(4)), day(4)),
        (procedure(**NO_DAY, performedPeriod=PERIOD), day(7)),
        (procedure(**NO_DAY, occurrencePeriod=PERIOD), day(7)),
        (procedure(**NO_DAY, performedPeriod={"start": ago(9)}), day(9)),
        (procedure(**NO_DAY), None),
        (request(occurrenceDateTime=ago(2)), day(2)),
        (request(), day(6)),
        (request(authoredOn=None), None),
    ],
)
def test_on_which_day(edition: Edition, one: Json, when: date | None) -> None:
    assert [a.when for a in read(edition, one)] == [when]


METASTASIS = condition("x", id="c") | {"code": {"text": "骨转移"}}


@pytest.mark.parametrize(
    "reason",
    [
        {"reasonReference": [{"reference": "Condition/c"}]},
        {"reason": [{"reference": {"reference": "Condition/c"}}]},
        {"reason": [{"reference": "Condition/c"}]},
        {"reasonReference": [{"reference": "Condition/none"}, {"reference": "Condition/c"}]},
        {"reasonReference": [{"reference": "Condition/bare"}, {"reference": "Condition/c"}]},
        {"reasonReference": [{"reference": "Observation/o"}, {"reference": "Condition/c"}]},
        {"reason": [{"concept": {"text": "骨转移"}}]},
        {"reasonCode": [{"text": "骨转移"}]},
    ],
)
def test_a_reason_says_where_the_name_does_not(edition: Edition, reason: Json) -> None:
    bare = {k: v for k, v in condition("x", id="bare").items() if k != "code"}
    observed = made("Observation", id="o", status="final", code={"text": "左股骨"}, effectiveDateTime=ago(1))
    (found,) = read(edition, METASTASIS, bare, observed, procedure("放疗", **reason))
    assert found.place == Place(BoneSite("bone", None, frozenset(), T("骨转移")))
    assert found.told == ("放疗", "骨转移")


# Appointments and visits


def test_an_appointment_is_read_whole(edition: Edition) -> None:
    told = {"serviceType": [{"text": "Haircut"}, {"text": RADIATED}]}
    activity = Activity(
        frozenset({"radiotherapy"}), "booked", day(-3), OF_SPINE, T(RADIATED), T("Appointment/r"), (RADIATED,)
    )
    assert read(edition, appointment(**told)) == (activity,)
    (nameless,) = read(edition, appointment(id=None, **told))
    assert nameless.ref == "Appointment/?"


@pytest.mark.parametrize(
    ("status", "how"),
    [
        ("booked", "booked"), ("proposed", "booked"), ("fulfilled", "done"), ("cancelled", None), ("noshow", None),
        ("entered-in-error", None),
    ],
)  # fmt: skip
def test_the_status_of_an_appointment(edition: Edition, status: str, how: How | None) -> None:
    found = hows(edition, appointment(status=status, description=RADIATED))
    assert found == ([(how, day(-3))] if how else [])


@pytest.mark.parametrize(
    "members",
    [
        {"serviceType": [{"text": RADIATED}]},
        {"serviceType": {"text": RADIATED}},
        {"reasonCode": [{"text": RADIATED}]},
        {"reason": [{"text": RADIATED}]},
        {"description": RADIATED},
    ],
)
def test_what_an_appointment_is_for(edition: Edition, members: Json) -> None:
    (found,) = read(edition, appointment(**members))
    assert (found.what, found.place, found.text) == (frozenset({"radiotherapy"}), OF_SPINE, RADIATED)
    assert read(edition, appointment()) == ()


def visit(**members: Any) -> Json:
    return made("Encounter", **{"status": "finished", "type": [{"text": "MDT"}], "period": {"start": ago(4)}} | members)


def visits(edition: Edition, one: Json) -> tuple[Activity, ...]:
    return facts_of(edition, one).conferences.all


def test_a_visit_is_read_whole(edition: Edition) -> None:
    mdt = Activity(frozenset({"mdt"}), "done", day(4), Place(), T("MDT"), T("Encounter/r"), ("MDT",))
    assert visits(edition, visit()) == (mdt,)
    (nameless,) = visits(edition, visit(id=None))
    assert nameless.ref == "Encounter/?"


@pytest.mark.parametrize(
    ("status", "how"),
    [
        *((held, "done") for held in (
            "finished", "completed", "in-progress", "arrived", "triaged", "onleave", "discharged",
        )),
        ("planned", "booked"), ("cancelled", None), ("unknown", None),
    ],
)  # fmt: skip
def test_the_status_of_a_visit(edition: Edition, status: str, how: How | None) -> None:
    assert [a.how for a in visits(edition, visit(status=status))] == ([how] if how else [])


@pytest.mark.parametrize(
    "members",
    [
        {"serviceType": [{"text": "MDT"}]},
        {"reasonCode": [{"text": "MDT"}]},
        {"reason": [{"value": [{"text": "MDT"}]}]},
    ],
)
def test_what_a_visit_was_for(edition: Edition, members: Json) -> None:
    assert [a.what for a in visits(edition, visit(type=None, **members))] == [frozenset({"mdt"})]


@pytest.mark.parametrize(
    ("members", "when"),
    [
        ({"period": PERIOD, "actualPeriod": {"start": ago(3)}, "plannedStartDate": ago(2)}, day(9)),
        ({"period": None, "actualPeriod": {"start": ago(3)}, "plannedStartDate": ago(2)}, day(3)),
        ({"period": {"end": ago(7)}, "plannedStartDate": ago(2)}, day(2)),
        ({"period": None}, None),
    ],
)
def test_on_which_day_a_visit_was(edition: Edition, members: Json, when: date | None) -> None:
    assert [a.when for a in visits(edition, visit(**members))] == [when]
