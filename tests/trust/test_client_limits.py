"""What one client may ask: its own flood is refused with 429, nobody else's call is, and nothing is used up by it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from cds_service.edition import Edition
from cds_service.site.model import Client, Limits
from cds_service.store.reactions import Kept
from cds_service.trust.limits import Bucket, Limiter
from tests.build import SERVICE, Json
from tests.memory.build import issues
from tests.trust.tokens import DISCOVERY, FEEDBACK, FEEDBACK_BODY, MARK, Ward, client, jwk, key, key_file, token, ward

OTHER = key("P-384", "other")
OTHER_ISSUER = f"https://other.{MARK}.example"


class Clock:
    """Stands still until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def two(tmp_path: Path, **limits: int) -> tuple[Json, Json]:
    """A client with limits, and one beside it."""
    other = client(name="other", issuer=OTHER_ISSUER, keys=key_file(tmp_path, jwk(OTHER), name="2.json"))
    return client(keys=key_file(tmp_path, jwk(key())), limits=limits), other


@pytest.fixture
def door(edition: Edition, tmp_path: Path) -> Iterator[Ward]:
    with ward(edition, tmp_path, *two(tmp_path, requests_per_minute=3)) as made:
        yield made


def refused(answer: TestResponse) -> None:
    (issue,) = issues(answer, 429)
    assert issue["code"] == "throttled"
    assert 1 <= int(answer.headers["Retry-After"]) <= 300


def test_a_client_that_asks_too_often_is_told_when_to_come_back_and_another_is_let_in(door: Ward) -> None:
    assert [door.ask(token()).status_code for _ in range(3)] == [200] * 3
    for path in (DISCOVERY, SERVICE, FEEDBACK):
        refused(door.ask(token(path), path))
        assert door.lets_in(token(path, of=OTHER, iss=OTHER_ISSUER), path)
    assert "refused 429 reason=rate client=ward endpoint=call" in "\n".join(door.lines)


def test_a_token_that_came_too_often_is_not_used_up(door: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(3):
        door.ask(token())
    late = token()
    refused(door.ask(late))
    monkeypatch.setattr(Bucket, "wait", lambda self: 0.0)
    assert door.lets_in(late)


def test_what_is_not_the_clients_spends_nothing_of_it(door: Ward) -> None:
    copied = token()
    assert door.lets_in(copied)
    for _ in range(10):
        assert door.ask(copied).status_code == 401
        assert door.ask(token(of=OTHER)).status_code == 401
    assert door.lets_in(token())
    assert door.lets_in(token())
    refused(door.ask(token()))


def test_a_body_larger_than_this_client_may_send_is_a_413_of_its_own(edition: Edition, tmp_path: Path) -> None:
    with ward(edition, tmp_path, *two(tmp_path, body_bytes=1024)) as made:
        big = {"feedback": [], "x": "x" * 1024}
        (issue,) = issues(made.ask(token(FEEDBACK), FEEDBACK, big), 413)
        assert issue["code"] == "too-long"
        assert made.lets_in(token(FEEDBACK), FEEDBACK)
        assert made.ask(token(FEEDBACK, of=OTHER, iss=OTHER_ISSUER), FEEDBACK, big).status_code == 400


def test_feedback_is_counted_by_its_events(edition: Edition, tmp_path: Path) -> None:
    def event(number: int) -> Json:
        card = f"5b2c2b9e-1f3a-4f6e-9a51-{number:012d}"
        return {"card": card, "outcome": "overridden", "outcomeTimestamp": "2026-03-02T09:00:00Z"}

    with ward(edition, tmp_path, *two(tmp_path, feedback_per_minute=10)) as made:
        batch = {"feedback": [event(number) for number in range(25)]}
        # What is begun is taken whole, and paid for afterwards.
        assert made.lets_in(token(FEEDBACK), FEEDBACK, body=batch)
        refused(made.ask(token(FEEDBACK), FEEDBACK, batch))
        assert made.lets_in(token(SERVICE), SERVICE), "calls do not pay for feedback"
        assert made.lets_in(token(FEEDBACK, of=OTHER, iss=OTHER_ISSUER), FEEDBACK, body=batch)


def test_a_second_large_batch_of_a_client_waits_for_the_first_and_other_feedback_does_not(
    edition: Edition, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = FEEDBACK_BODY | {"x": "x" * 20_000}
    inside: list[int] = []
    with ward(edition, tmp_path, *two(tmp_path)) as made:

        def storing(*_: object) -> Kept:
            if not inside:
                inside.append(0)
                refused(made.ask(token(FEEDBACK), FEEDBACK, large))
                assert made.lets_in(token(FEEDBACK), FEEDBACK), "one event takes no time"
                assert made.lets_in(token(SERVICE), SERVICE)
                assert made.lets_in(token(FEEDBACK, of=OTHER, iss=OTHER_ISSUER), FEEDBACK, body=large)
            return Kept(1)

        monkeypatch.setattr("cds_service.web.feedback.keep", storing)
        assert made.lets_in(token(FEEDBACK), FEEDBACK, body=large)
        assert inside
        assert made.lets_in(token(FEEDBACK), FEEDBACK, body=large), "and then it is its turn again"


def test_production_limits_every_client_and_development_those_that_ask_for_it() -> None:
    plain, own = Client("plain"), Client("own", limits=Limits(requests_per_minute=1))
    for development, expected in ((True, [False, True]), (False, [True, True])):
        limiter = Limiter([plain, own], development=development)
        assert [limiter.of(each) is not None for each in (plain, own)] == expected
        assert limiter.of(None) is None
    assert Limiter([own], development=False).of(own).requests.take(5) == 1  # type: ignore[union-attr]


@given(size=st.integers(1, 50), asked=st.lists(st.tuples(st.integers(0, 30), st.floats(0, 40)), max_size=60))
def test_no_more_is_taken_than_was_there_and_has_come_since(size: int, asked: list[tuple[int, float]]) -> None:
    clock, taken = Clock(), 0
    bucket = Bucket(size, 60, clock)
    for count, pause in asked:
        taken += bucket.take(count)
        clock.now += pause
    assert taken <= size + (clock.now - 100) * size / 60 + 1e-6


def test_after_the_seconds_it_names_there_is_one() -> None:
    clock = Clock()
    bucket = Bucket(10, 60, clock)
    assert bucket.wait() == 0.0
    bucket.spend(35)
    assert bucket.wait() == pytest.approx(26 * 6)
    clock.now += bucket.wait() - 0.5
    assert bucket.wait() == pytest.approx(0.5)
    clock.now += 0.51
    assert bucket.wait() == 0.0
    assert bucket.take(5) == 1
    clock.now += 1e6
    assert bucket.take(100) == 10, "an hour of silence saves up no more than the bucket holds"
