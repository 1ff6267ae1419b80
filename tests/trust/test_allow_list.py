"""Which FHIR servers a call may be completed from: those of the client that authenticated, not those of another."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from cds_service.edition import Edition
from tests.build import SERVICE, Json, request, zoledronic
from tests.fetch.bad_server import Server, answer, bundle, says, serving
from tests.trust.tokens import MARK, Ward, client, jwk, key, key_file, token, ward

OTHER = key("P-384", "other")
OTHER_ISSUER = f"https://other.{MARK}.example"


@pytest.fixture
def ours() -> Iterator[Server]:
    with serving(says(answer(bundle()))) as server:
        yield server


@pytest.fixture
def theirs() -> Iterator[Server]:
    with serving(says(answer(bundle()))) as server:
        yield server


@pytest.fixture
def door(edition: Edition, tmp_path: Path, ours: Server, theirs: Server) -> Iterator[Ward]:
    first = client(keys=key_file(tmp_path, jwk(key())), fhir_servers=[ours.base], missing_data="refuse")
    second = client(
        name="other",
        issuer=OTHER_ISSUER,
        keys=key_file(tmp_path, jwk(OTHER), name="2.json"),
        fhir_servers=[theirs.base],
        missing_data="refuse",
    )
    with ward(edition, tmp_path, first, second) as made:
        yield made


def unfinished(server: str) -> Json:
    """A call that brought nothing and names a FHIR server."""
    return request(
        zoledronic(),
        fhirServer=server,
        fhirAuthorization={"access_token": MARK, "token_type": "Bearer", "expires_in": 300, "scope": "patient/*.read"},
        prefetch={},
    )


def test_a_client_is_completed_from_its_own_server(door: Ward, ours: Server, theirs: Server) -> None:
    assert door.ask(token(SERVICE), SERVICE, unfinished(ours.base)).status_code in (200, 412)
    assert ours.requests
    assert not theirs.connections


def test_the_server_of_another_client_is_not_asked(door: Ward, ours: Server, theirs: Server) -> None:
    response = door.ask(token(SERVICE), SERVICE, unfinished(theirs.base))
    assert response.status_code == 412
    assert "fhirServer is not among the servers" in response.get_data(as_text=True)
    assert not theirs.connections
    assert not ours.connections


def test_each_client_has_its_own_list(door: Ward, ours: Server, theirs: Server) -> None:
    def shown() -> str:
        return token(SERVICE, iss=OTHER_ISSUER, of=OTHER)

    assert door.ask(shown(), SERVICE, unfinished(ours.base)).status_code == 412
    assert not ours.connections
    door.ask(shown(), SERVICE, unfinished(theirs.base))
    assert theirs.requests
    assert MARK not in str(door.lines)


def test_who_is_refused_has_nothing_fetched(door: Ward, ours: Server) -> None:
    assert door.refusal(token(SERVICE, of=OTHER), SERVICE, body=unfinished(ours.base)) == "signature"
    assert door.refusal(None, SERVICE, body=unfinished(ours.base)) == "missing"
    assert not ours.connections
