"""One pytest session that tries every mutant: the tests run once, then again in a fork for each mutant.

Collecting the tests and loading the content is done once; a fork inherits both. A mutant meets only the tests that call
its function, the quickest first, and is dead at the first that fails.
"""

from __future__ import annotations

import gc
import importlib
import os
import resource
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import Any

import pytest
from changes import Mutant, codes_of, put_in_place

from cds_service.knowledge.measurements import Analyte

DEAD = 1
# A mutant that runs for ever, or asks for all memory, fails its tests too.
PATIENCE = 10  # times what its tests take when nothing is changed
AT_LEAST = 10  # seconds
MEMORY = 4 * 1024**3  # bytes


class Trial:
    """A pytest plugin; ``survivors`` and ``untested`` are filled when the session ends."""

    def __init__(self, mutants: list[Mutant], tried: Callable[[Mutant, bool], None]) -> None:
        self.mutants, self.tried = mutants, tried
        self.failed: list[str] = []
        self._codes = codes_of(mutants)
        self._tests: dict[str, set[pytest.Item]] = defaultdict(set)
        self._loading: dict[str, set[str]] = defaultdict(set)  # function -> test modules that call it when imported
        self._seconds: dict[pytest.Item, float] = {}
        self._in_fork = False

    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings  # noqa: PLC0415 - pytest's own plugin of it must be the first to import it

        # The same examples in every run, and no time spent on a smaller one: a mutant is dead or it is not.
        settings.register_profile(
            "mutants", derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate)
        )
        settings.load_profile("mutants")

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Iterator[None]:
        with self._watching(self._seen_loading):
            return (yield)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item, following in zip(session.items, [*session.items[1:], session.items[0]], strict=True):
            start = time.monotonic()
            with self._watching(lambda name, _, item=item: self._tests[name].add(item)):
                session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self._seconds[item] = time.monotonic() - start
        if self.failed:
            return True
        for item in session.items:
            for name, modules in self._loading.items():
                if item.module.__name__ in modules:
                    self._tests[name].add(item)
        if self._fails(None, session.items, session):
            self.failed.append("some test, in a fork: every mutant would seem dead")
            return True
        for mutant in self.mutants:
            items = sorted(self._tests[mutant.name], key=self._seconds.__getitem__)
            self.tried(mutant, bool(items) and self._fails(mutant, items, session))
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self._in_fork:
            os._exit(DEAD)
        if report.failed:
            self.failed.append(report.nodeid)

    # Which tests call which function

    @contextmanager
    def _watching(self, seen: Callable[[str, FrameType], None]) -> Iterator[None]:
        codes: dict[CodeType, str] = self._codes

        def watch(frame: FrameType, event: str, argument: Any) -> None:
            if name := codes.get(frame.f_code):
                seen(name, frame)

        sys.settrace(watch)
        try:
            yield
        finally:
            sys.settrace(None)

    def _seen_loading(self, name: str, frame: FrameType) -> None:
        while frame := frame.f_back:
            if (module := frame.f_globals["__name__"]).startswith("test_"):
                self._loading[name].add(module)

    # A mutant

    def _fails(self, mutant: Mutant | None, items: list[pytest.Item], session: pytest.Session) -> bool:
        """Whether one of these tests fails in a fork that runs the mutant (None: our code as it is)."""
        if not (child := os.fork()):
            status = DEAD  # for what is raised outside a test
            try:
                self._in_fork = True
                signal.alarm(int(AT_LEAST + PATIENCE * sum(map(self._seconds.__getitem__, items))))
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                self._try(mutant, items, session)
                status = 0
            finally:
                os._exit(status)
        return os.waitpid(child, 0)[1] != 0

    def _try(self, mutant: Mutant | None, items: list[pytest.Item], session: pytest.Session) -> None:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        _forget()
        if mutant:
            put_in_place(mutant)
            for module in self._loading[mutant.name]:
                importlib.reload(sys.modules[module])
        # The session stands ready for its first test: that one leads over to the others.
        first = session.items[0]
        items = [first, *(item for item in items if item is not first)]
        for item, following in zip(items, [*items[1:], None], strict=True):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _forget() -> None:
    """Empties what conversions are remembered in: they were made by the unchanged code."""
    for thing in gc.get_objects():
        if isinstance(thing, Analyte):
            thing.known.clear()
