"""An order that goes back to the client has the client's own numbers, digit for digit."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cds_service.deliver.profiles import Offered, transform
from cds_service.edition import Edition
from cds_service.render.verbatim import DEEPEST, own_order
from cds_service.site.model import Client
from cds_service.tools.asking import answer_body
from tests import build
from tests.build import NOW, bundle, encoded, prefetch, request, zoledronic

LOW = prefetch(laboratory=bundle(build.clearance(45), build.calcium(2.3)))
NUMBERS = st.from_regex(r"-?(0|[1-9][0-9]{0,24})(\.[0-9]{1,24})?([eE][-+]?[0-9]{1,2})?", fullmatch=True)
VALUES: Any = st.recursive(
    NUMBERS.map(lambda text: msgspec.Raw(text.encode())) | st.text(max_size=5) | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=3), VALUES, max_size=4))
def test_every_number_comes_back_as_it_was_written(order: dict[str, Any]) -> None:
    sent = msgspec.json.encode(order)
    read = own_order(msgspec.Raw(sent))
    assert read is not None
    assert msgspec.json.encode(read) == sent


@pytest.mark.parametrize(
    "number", ["1.10", "1E3", "12345678901234567890", "0.000", "-0", "1e-7", "3.30000000000000000001"]
)
def test_the_button_gives_back_the_clients_number(edition: Edition, number: str) -> None:
    draft = zoledronic(dispenseRequest={"quantity": {"value": "here"}})
    body = encoded(request(draft, prefetch=LOW)).replace(b'"here"', number.encode())
    response = answer_body(edition, "bone-modifying-agents", body, NOW, "en").response
    assert f'"quantity":{{"value":{number}}}'.encode() in msgspec.json.encode(response)


def test_so_it_does_through_a_profile(edition: Edition) -> None:
    draft = zoledronic(dispenseRequest={"quantity": {"value": "here"}})
    body = encoded(request(draft, prefetch=LOW)).replace(b'"here"', b"1.10")
    response = answer_body(edition, "bone-modifying-agents", body, NOW, "en").response
    whole = msgspec.to_builtins(response, builtin_types=(msgspec.Raw,))
    sent = msgspec.json.encode(
        transform(whole, Client(name="o", profile="oracle"), "en", Offered.of(edition.knowledge, edition.site))
    )
    assert b'"value":1.10' in sent


@pytest.mark.parametrize("extra", [0, 1])
def test_what_is_nested_beyond_the_limit_is_not_given_back(extra: int) -> None:
    levels = DEEPEST + extra
    order = msgspec.Raw(b'{"a":' * levels + b"1" + b"}" * levels)
    assert (own_order(order) is None) == bool(extra)


@pytest.mark.parametrize("order", [b'{"a": "\\ud800"}', b"[1]", b"1", b'{"a": NaN}', b"[" * 5_000 + b"]" * 5_000])
def test_what_no_encoder_could_put_out_is_not_given_back(order: bytes) -> None:
    assert own_order(msgspec.Raw(order)) is None
