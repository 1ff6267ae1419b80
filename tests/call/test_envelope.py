"""A request is read in one pass, and never at the price of a member given twice."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.call.envelope import at_once, exactly, read_envelope
from cds_service.call.problems import BadRequest
from tests.build import Json, encoded, request, zoledronic

FULL: Json = {
    "fhirServer": "https://ehr.example.org/fhir",
    "fhirAuthorization": {"access_token": "t", "token_type": "Bearer", "expires_in": 300, "scope": "a", "subject": "b"},
    "extension": {"vendor": {"a": [1]}},
}


@pytest.mark.parametrize("more", [{}, FULL, {name: FULL[name] for name in ("fhirServer", "extension")}])
def test_a_good_request_is_read_in_one_pass_and_as_the_exact_way_reads_it(more: Json) -> None:
    body = encoded(request(zoledronic(), **more))
    once, exact = at_once(body), exactly(body)
    assert once is not None
    for name in ("hook", "hook_instance", "fhir_server"):
        assert getattr(once, name) == getattr(exact, name)
    for name in ("context", "authorization", "extension"):
        ours, theirs = getattr(once, name), getattr(exact, name)
        assert ours == theirs or {n: bytes(v) for n, v in ours.items()} == {n: bytes(v) for n, v in theirs.items()}
    assert once.prefetch is not None
    assert exact.prefetch is not None
    assert list(once.prefetch) == list(exact.prefetch)


@pytest.mark.parametrize(
    ("first", "member", "where"),
    [
        # None of these leaves a trace in what is kept, nor a name that could be counted.
        (b"null", "prefetch", "prefetch"),
        (b"{}", "prefetch", "prefetch"),
        (b"{}", "context", "context"),
        (b"null", "extension", "extension"),
        (b"{}", "extension", "extension"),
        (b"{}", "fhirAuthorization", "fhirAuthorization"),
        (b"null", "fhirServer", "fhirServer"),
    ],
)
def test_what_is_replaced_uncounted_is_not_overlooked(first: bytes, member: str, where: str) -> None:
    sent = encoded(request(zoledronic(), **FULL)).replace(b"{", b'{"%s": %s, ' % (member.encode(), first), 1)
    with pytest.raises(BadRequest) as caught:
        read_envelope(sent)
    assert caught.value.where == where


@pytest.mark.parametrize(
    "more", [{"extension": {}}, {"fhirAuthorization": None}, {"vendor": {"a": 1}}, {"prefetch": {}}]
)
def test_what_asks_for_the_exact_way_is_answered_alike(more: Json) -> None:
    body = request(zoledronic(), **more)
    assert at_once(encoded(body)) is None
    read = read_envelope(encoded(body))
    assert (read.extension, read.authorization) == ({}, None)
    assert list(read.prefetch or {}) == list(body["prefetch"])


def _object(draw: Any, names: list[str], value: Any) -> str:
    """An object with these members in this order, blanks and escapes as they may come."""
    blank = st.sampled_from(["", " ", "\n "])
    spelt = (draw(st.sampled_from([json.dumps(n), '"' + "".join(f"\\u{ord(c):04x}" for c in n) + '"'])) for n in names)
    return "{" + ",".join(f"{draw(blank)}{n}{draw(blank)}:{value(m)}" for n, m in zip(spelt, names, strict=True)) + "}"


MEMBERS = {"prefetch": ["k", "l"], "context": ["userId", "x"], "fhirAuthorization": ["access_token", "scope"],
           "extension": ["v", "w"]}  # fmt: skip


@given(st.data())
def test_exactly_what_is_given_twice_at_two_levels_is_refused(data: Any) -> None:
    twice = False

    def value(member: str) -> str:
        nonlocal twice
        if member not in MEMBERS:
            return json.dumps("x")
        names = data.draw(st.lists(st.sampled_from(MEMBERS[member]), max_size=3))
        twice |= len(set(names)) < len(names)
        return _object(data.draw, names, lambda _: "null" if member == "prefetch" else '{"a": {}}')

    more = data.draw(st.lists(st.sampled_from([*MEMBERS, "hook", "fhirServer", "vendor"]), max_size=3))
    names = data.draw(st.permutations(["hook", "hookInstance", "context", *more]))
    body = _object(data.draw, names, value).encode()
    if twice or len(set(names)) < len(names):
        assert at_once(body) is None
        with pytest.raises(BadRequest):
            read_envelope(body)
    else:
        read_envelope(body)
