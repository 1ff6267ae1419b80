"""A call takes time in proportion to what was sent, whatever stands in whichever text: no text stops a worker."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from cds_service.call.problems import CallProblem
from cds_service.edition import Edition
from cds_service.fhir.structs import Observation, Resource
from cds_service.tools.asking import answer_body
from tests.build import NOW, SERVICE, Json, encoded
from tests.limits.calls import calls
from tests.limits.members import RESOURCES, members, with_member
from tests.limits.members import Path as Members
from tests.servers import running

LONG, SHORT = 100_000, 10_000
# Each repeated to the length. Marks of two classes out of order: putting them in order is quadratic in NFKC.
TEXTS = {
    "letters": "a",
    "digits": "1",
    "spaces": " ",
    "marks": "\u0301\u0316",
    "Chinese": "唑",
    "every": "every ",
    "amounts": "1 mg ",
}
CASES = [pytest.param(kind, unit, id=f"{kind.__name__}-{name}") for kind in RESOURCES for name, unit in TEXTS.items()]
# Seconds of processor time that no text of this length needs; beyond, the two lengths are compared.
ENOUGH = 0.06
# Ten times the text may take ten times as long. A hundred times is what a quadratic reader takes.
MOST = 30
_fresh = itertools.count()


def spent(edition: Edition, body: Json) -> float:
    """Processor time of this thread: what other processes do at the same time does not count."""
    sent = encoded(body)
    began = time.thread_time()
    with suppress(CallProblem):  # refused is answered too
        answer_body(edition, "bone-modifying-agents", sent, NOW, "en")
    return time.thread_time() - began


def slow(edition: Edition, kind: type[Resource], path: Members, unit: str) -> Iterator[str]:
    """Where a text of this member takes more than its share of time."""

    def of(length: int) -> dict[str, Json]:
        # Never the same text twice: what was remembered would take no time.
        text = (unit * length)[:length] + str(next(_fresh))
        return calls(kind, lambda given: with_member(given, path, text))

    for where, body in of(LONG).items():
        if (long := spent(edition, body)) > ENOUGH:
            # Thrice, the best of each: a collection of garbage may fall into one of them. None lasts a second.
            if long < 1:
                long = min(spent(edition, of(LONG)[where]) for _ in range(3))
            short = min(spent(edition, of(SHORT)[where]) for _ in range(3))
            if long > ENOUGH and long > MOST * short:
                name = ".".join(map(str, path))
                yield f"{where}: {name} {long:.2f} s for {LONG} characters, {short:.3f} s for {SHORT}"


@pytest.mark.parametrize(("kind", "unit"), CASES)
def test_no_text_of_a_resource_takes_more_than_its_share(edition: Edition, kind: type[Resource], unit: str) -> None:
    # The first is enough: each may take long.
    assert next((found for path in members(kind, str) for found in slow(edition, kind, path, unit)), None) is None


def test_others_are_answered_meanwhile(tmp_path: Path) -> None:
    """Texts of every kind in all the members of a result, again and again, on a server of one worker."""
    environ = {"WORKERS": "1", "THREADS": "4", "CDS_DATABASE_URL": f"sqlite:///{tmp_path / 'cds.sqlite3'}"}
    bodies = [
        encoded(body)
        for path in (("code", "text"), ("valueQuantity", "unit"), ("effectiveDateTime",), ("status",))
        for unit in TEXTS.values()
        for body in calls(Observation, lambda given, p=path, u=unit: with_member(given, p, (u * LONG)[:LONG])).values()
    ]
    with running(environ) as (server,), ThreadPoolExecutor(3) as pool:
        sent = [pool.submit(server.ask, "POST", SERVICE, body) for body in bodies]
        slowest = 0.0
        while not all(each.done() for each in sent):
            began = time.monotonic()
            assert server.ask("GET", "/health")[0] == 200
            slowest = max(slowest, time.monotonic() - began)
        assert {each.result()[0] for each in sent} <= {200, 412}
    assert slowest < 2, "one text stood in the way of all"
