"""The shape of a call: what is refused, with which words and where, and what is forgiven."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.call.access import Authorization
from cds_service.call.hook import HookCall, read_hook
from cds_service.call.problems import BadRequest, TooMuch
from cds_service.call.shape import refuse_twice
from cds_service.tools.leniency import leniencies
from tests.asked import BONE, HOOKS
from tests.build import Json, encoded, request, zoledronic


def read(body: Json | bytes) -> HookCall:
    return read_hook(body if isinstance(body, bytes) else encoded(body), BONE, HOOKS)


def refused(body: Json | bytes) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        read(body)
    return caught.value


def with_context(**members: Any) -> Json:
    body = request(zoledronic())
    body["context"] |= members
    return body


# draftOrders


@pytest.mark.parametrize(
    ("drafts", "where"),
    [
        ({}, "resourceType"),
        ({"resourceType": "Bundle"}, "entry"),
        ({"resourceType": "Bundle", "entry": None}, "entry"),
        ({"resourceType": "Bundle", "entries": [{"resource": zoledronic()}]}, "entry"),
        ({"resourcetype": "Bundle", "entry": []}, "resourceType"),
        ({"entry": [{"resource": zoledronic()}]}, "resourceType"),
        ({"resourceType": "Bundle", "entry": [{}]}, "entry[0].resource"),
        ({"resourceType": "Bundle", "entry": {}}, "entry.resource"),
        ({"resourceType": "Bundle", "entry": [{"resource": zoledronic()}, {"resourse": {}}]}, "entry[1].resource"),
        ({"resourceType": "Bundle", "entry": [{"resource": None}]}, "entry[0].resource"),
    ],
)  # fmt: skip
def test_drafts_that_cannot_be_found_are_not_no_drafts(drafts: Json, where: str) -> None:
    assert refused(with_context(draftOrders=drafts)).where == f"context.draftOrders.{where}"


def test_a_bundle_of_another_type_is_no_draft_orders() -> None:
    assert refused(with_context(draftOrders=zoledronic() | {"entry": []})).where.startswith("context.draftOrders")


def test_no_drafts_said_in_so_many_words_are_none() -> None:
    assert read(with_context(draftOrders={"resourceType": "Bundle", "entry": []})).drafts == ()


def test_one_entry_may_stand_without_its_list() -> None:
    drafts = {"resourceType": "Bundle", "entry": {"resource": zoledronic()}}
    assert len(read(with_context(draftOrders=drafts)).drafts) == 1


# A member given twice


@pytest.mark.parametrize(
    ("good", "twice", "where"),
    [
        (b'"hook": "order-sign"', b'"hook": "order-select", "hook": "order-sign"', "hook"),
        (b'"hook": "order-sign"', b'"h\\u006fok": "order-select", "hook": "order-sign"', "hook"),
        (b'"hook": "order-sign"', b'"hook": "order-sign", "prefetch": null', "prefetch"),
        (b'"hook": "order-sign"', b'"hook": "order-sign", "prefetch": {}', "prefetch"),
        (b'"hook": "order-sign"', b'"hook": "order-sign", "context": {"a": "}"}', "context"),
        (b'"hook": "order-sign"', b'"hook": "order-sign", "x": 1, "x": 12', "x"),
        (b'"hook": "order-sign"', b'"hook": "order-sign", "x": {"y": [1]}, "x": {}', "x"),
        (b'"patientId": "pat-1"', b'"patientId": "pat-2", "patientId": "pat-1"', "context.patientId"),
        (b'"patientId": "pat-1"', b'"patientId": "pat-1", "patientId": "pat-1"', "context.patientId"),
        (b'"laboratory": {', b'"laboratory": null, "laboratory": {', "prefetch.laboratory"),
        (b'"laboratory": {', b'"laboratory": {"resourceType": "Bundle"}, "laboratory": {', "prefetch.laboratory"),
        (b'"entry": [', b'"entry": [], "entry": [', "context.draftOrders.entry"),
        (b'"scope": "a"', b'"scope": "a", "scope": "b"', "fhirAuthorization.scope"),
        (b'"vendor": 1', b'"vendor": 1, "vendor": 2', "extension.vendor"),
    ],
)  # fmt: skip
def test_a_member_given_twice_is_told(good: bytes, twice: bytes, where: str) -> None:
    body = request(zoledronic(), fhirAuthorization={"access_token": "t", "scope": "a"}, extension={"vendor": 1})
    sent = encoded(body)
    assert good in sent
    read(sent)
    assert refused(sent.replace(good, twice, 1)).where == where


def test_a_name_in_an_error_is_one_of_a_member() -> None:
    said = refused(encoded(request(zoledronic())).replace(b'"hook"', b'"Wang, 1961": 1, "Wang, 1961": 2, "hook"', 1))
    assert "Wang" not in str(said)


def test_what_is_unknown_may_be_of_any_shape() -> None:
    for vendor in ({"a": {"b": "}"}}, [1, [2]], 'x"}', 1.5, None, True):
        assert read(request(zoledronic(), vendor=vendor, zvendor=vendor)).prefetch


TEXTS = st.text(max_size=4) | st.sampled_from(['"', "\\", "}", ",", ' "a": '])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c", "\u00e9", 'q"']), VALUES), max_size=5), st.booleans(), st.data()
)
def test_exactly_the_names_that_come_twice_are_refused(members: list[tuple[str, Any]], ascii_: bool, data: Any) -> None:
    """Whatever the values, blanks and escapes, and whatever of it is known beforehand."""
    blank = st.sampled_from(["", " ", "\n\t "])
    inner = ",".join(
        f"{data.draw(blank)}{json.dumps(n, ensure_ascii=ascii_)}{data.draw(blank)}:{data.draw(blank)}"
        f"{json.dumps(v, ensure_ascii=ascii_)}{data.draw(blank)}"
        for n, v in members
    )
    text = f"{data.draw(blank)}{{{inner}}}{data.draw(blank)}".encode()
    names = [n for n, _ in members]
    every = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    kept = {name: raw for name, raw in every.items() if data.draw(st.booleans())}
    if len(set(names)) == len(names):
        refuse_twice(text, kept)
    else:
        with pytest.raises(BadRequest):
            refuse_twice(text, kept)


# Ids


@pytest.mark.parametrize("patient", ["", " ", "p_1", "p 1", "p/1", "Patient/", "x" * 65, "唑", "p\n", "Group/1"])
def test_a_patient_id_is_an_id(patient: str) -> None:
    assert refused(with_context(patientId=patient)).where == "context.patientId"


@pytest.mark.parametrize(("member", "kind"), [("patientId", "Patient"), ("encounterId", "Encounter")])
def test_an_id_may_come_as_a_reference(member: str, kind: str) -> None:
    call = read(with_context(**{member: f"{kind}/A-1.b"}))
    assert (call.patient_id if kind == "Patient" else call.encounter_id) == "A-1.b"


@pytest.mark.parametrize("encounter", ["e_1", "Encounter/", "x" * 65, "e 1"])
def test_an_encounter_id_is_an_id(encounter: str) -> None:
    assert refused(with_context(encounterId=encounter)).where == "context.encounterId"


@pytest.mark.parametrize("user", ["Practitioner/", "Practitioner/a b", "Patient/x_y", "u" * 300])
def test_a_user_that_would_be_written_is_a_reference(user: str) -> None:
    assert refused(with_context(userId=user)).where == "context.userId"


@pytest.mark.parametrize("user", ["Practitioner/1", "doc 1", "", "https://ehr.example.org/Practitioner/1"])
def test_any_other_user_is_written_nowhere_and_taken(user: str) -> None:
    assert read(with_context(userId=user)).user_id == user


# fhirServer and fhirAuthorization


@pytest.mark.parametrize(
    "url",
    ["", "ehr.example.org/fhir", "ftp://e/x", "file:///etc", "http://", "http://a b", "http://a\n", "javascript:x",
     "https://" + "a" * 8000],
)  # fmt: skip
def test_a_fhir_server_is_a_url_whatever_prefetch_brings(url: str) -> None:
    assert refused(request(zoledronic(), fhirServer=url)).where == "fhirServer"


@pytest.mark.parametrize("token", ["", " ", "a b", "a\nX: y", "a\x00", "a\x7f", "唑", "t" * 20_000])
def test_a_token_is_one_that_can_be_sent_whatever_prefetch_brings(token: str) -> None:
    body = request(zoledronic(), fhirAuthorization={"access_token": token, "token_type": "Bearer"})
    said = refused(body)
    assert said.where == "fhirAuthorization.access_token"
    assert not token.strip() or token not in str(said)


def test_a_scope_has_an_end() -> None:
    said = refused(request(zoledronic(), fhirAuthorization={"access_token": "t", "scope": "patient/*.read " * 2_000}))
    assert said.where == "fhirAuthorization.scope"


@pytest.mark.parametrize(
    ("kind", "used"), [("Bearer", True), ("bearer", True), (None, True), ("MAC", False), ("DPoP", False), ("", True)]
)
def test_only_a_bearer_token_is_used_as_one(kind: str | None, used: bool) -> None:
    assert (Authorization("t", kind).bearer == "t") is used


@pytest.mark.parametrize("given", [None, {"access_token": "t"}, {"access_token": "t", "expires_in": 300}])
def test_what_is_not_needed_may_be_missing(given: Json | None) -> None:
    assert read(request(zoledronic(), fhirAuthorization=given)).prefetch


# Limits


@pytest.mark.parametrize(
    ("body", "where"),
    [
        (request(*[zoledronic(id=f"o{n}") for n in range(201)]), "context.draftOrders.entry"),
        (request(zoledronic(), hook="order-select", selections=["order-77655"] * 201), "context.selections"),
        (request(zoledronic(), prefetch={f"k{n}": None for n in range(101)}), "prefetch"),
    ],
)  # fmt: skip
def test_a_call_holds_so_much_and_no_more(body: Json, where: str) -> None:
    with pytest.raises(TooMuch) as caught:
        read(body)
    assert caught.value.where == where
    assert caught.value.count == caught.value.most + 1


def test_what_is_just_within_the_limits_is_taken() -> None:
    call = read(request(*[zoledronic(id=f"o{n}") for n in range(200)], prefetch={f"k{n}": None for n in range(100)}))
    assert len(call.drafts) == 200


# Told by validate


def test_every_leniency_is_told() -> None:
    body = with_context(
        patientId="Patient/1",
        encounterId="",
        userId="doc",
        draftOrders={"resourceType": "Bundle", "entry": {"resource": zoledronic()}},
    )
    body["prefetch"] = {"laboratory": {"resourceType": "Bundle", "entry": {}, "link": {}}}
    body["fhirAuthorization"] = {"access_token": "t", "token_type": "BEARER"}
    told = dict(leniencies(body))
    assert set(told) == {
        "context.patientId", "context.encounterId", "context.userId", "context.draftOrders.entry",
        "prefetch.laboratory.entry", "prefetch.laboratory.link", "fhirAuthorization.token_type",
        "fhirAuthorization.expires_in", "fhirAuthorization.scope", "fhirAuthorization.subject",
    }  # fmt: skip
    assert dict(leniencies(body | {"fhirAuthorization": None}))["fhirAuthorization"] == "null is read as absent"
    not_used = {"access_token": "t", "token_type": "MAC", "expires_in": 1, "scope": "", "subject": "s"}
    assert "not used" in dict(leniencies(body | {"fhirAuthorization": not_used}))["fhirAuthorization.token_type"]
    assert list(leniencies(request(zoledronic()))) == []
    assert list(leniencies([1])) == []
