"""Which lever gives what: the line in this process, once as it is and once with one lever taken out, as ratios."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import pytest
from bodies import order  # beside this file

from cds_service.call import envelope
from cds_service.edition import Edition
from cds_service.evaluate import topic
from cds_service.facts import facts as facts_module
from cds_service.facts import observations
from cds_service.fhir.undecoded import concept
from cds_service.site.settings import Settings
from cds_service.tools.asking import answer_body

SIZES = (2, 20, 200, 1000)
CALLS = {2: 40, 20: 40, 200: 20, 1000: 8}
ROUNDS = 6  # with and without a lever by turns
SERVICE = "bone-modifying-agents"
Lever = Callable[[pytest.MonkeyPatch, Edition], Edition]


def untyped(patch: pytest.MonkeyPatch, edition: Edition) -> Edition:
    """The prefetch decoded member by member, as when something of it cannot be read."""
    patch.setattr(envelope, "at_once", lambda raw: None)
    return edition


def read_all(patch: pytest.MonkeyPatch, edition: Edition) -> Edition:
    """Every result of a known analyte turned into a value, looked at or not."""
    lazy = observations._series

    def eager(unread: Any) -> Any:
        found = lazy(unread)
        list(found)
        return found

    patch.setattr(observations, "_series", eager)
    return edition


def code_by_code(patch: pytest.MonkeyPatch, edition: Edition) -> Edition:
    """Each result asked for the meaning of its code by itself."""
    collect = facts_module.collect

    def one_by_one(coded: Any, *rest: Any) -> Any:
        found: dict[str, list[Any]] = {}
        for code, same in coded.items():
            for each in same:
                for analyte, series in collect({code: [each]}, *rest).items():
                    found.setdefault(analyte, []).extend(series._read)
        return {a: observations.Series(read) for a, read in found.items()}

    patch.setattr(facts_module, "collect", one_by_one)
    return edition


def codes_anew(patch: pytest.MonkeyPatch, edition: Edition) -> Edition:
    """What a code names looked up in every call."""
    patch.setattr(observations.Names, "named", lambda names, code: names.of(concept(code)))
    return edition


def needs_anew(patch: pytest.MonkeyPatch, edition: Edition) -> Edition:
    """What a set of topics needs worked out in every call."""
    for remembered in ("_wanted", "_required"):
        patch.setattr(topic, remembered, getattr(topic, remembered).__wrapped__)
    return edition


def drugs_anew(_: pytest.MonkeyPatch, edition: Edition) -> Edition:
    """Every treatment's drug read anew."""
    plain = edition.readers.drugs._reader
    orders = dataclasses.replace(edition.readers.orders, drugs=plain)  # type: ignore[arg-type]  # it reads alike
    readers = dataclasses.replace(edition.readers, drugs=plain, orders=orders)  # type: ignore[arg-type]
    return dataclasses.replace(edition, readers=readers)


LEVERS: dict[str, Lever] = {
    "prefetch decoded in the request's own pass": untyped,
    "a result read when it is looked at": read_all,
    "results found by the bytes of their code": code_by_code,
    "what a code names remembered across calls": codes_anew,
    "what topics need remembered across calls": needs_anew,
    "drugs remembered by what treatments say": drugs_anew,
}


@contextmanager
def without(lever: Lever, edition: Edition) -> Iterator[Edition]:
    with pytest.MonkeyPatch.context() as patch:
        yield lever(patch, edition)


def least(edition: Edition, payload: bytes, now: datetime, calls: int) -> float:
    """Seconds of this thread for one call: the quickest, for whatever else the machine does only adds to it."""
    spent = []
    for _ in range(calls):
        start = time.thread_time()
        answer_body(edition, SERVICE, payload, now)
        spent.append(time.thread_time() - start)
    return min(spent)


def compare() -> None:
    edition, now = Edition.load(Settings()), datetime.now().astimezone()
    print("\nlever (time without it ÷ time with it)        " + "".join(f"{size:>8}" for size in SIZES))
    for name, lever in LEVERS.items():
        ratios = []
        for size in SIZES:
            payload = order(size, now)
            as_it_is, without_it = [], []
            for _ in range(ROUNDS):
                as_it_is.append(least(edition, payload, now, CALLS[size]))
                with without(lever, edition) as changed:
                    without_it.append(least(changed, payload, now, CALLS[size]))
            ratios.append(min(without_it) / min(as_it_is))
        print(f"{name:46}" + "".join(f"{ratio:7.2f}x" for ratio in ratios))


if __name__ == "__main__":
    compare()
