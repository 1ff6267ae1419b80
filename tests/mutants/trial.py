"""One pytest session that tries every mutant: the tests run once, then again in a fork for each mutant.

Collecting the tests and loading the content is done once; a fork inherits both. A mutant meets only the tests that
reach the lines it changes, those first that killed another mutant of its function, and is dead at the first that fails.
"""

from __future__ import annotations

import gc
import importlib
import mmap
import os
import resource
import signal
import struct
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from typing import Any

import pytest
from changes import ROOT, Mutant, put_in_place
from coverage import Coverage

from cds_service.base.remembered import Remembered
from cds_service.edition import Edition
from cds_service.facts.readers import Readers
from cds_service.knowledge.measurements import Analyte

DEAD, BROKEN = 1, 2  # how a fork ends: a test failed; the mutant is no Python, which is a fault of ours
# A mutant that runs for ever, or asks for all memory, fails its tests too.
PATIENCE = 10  # times what a test takes when nothing is changed
AT_LEAST = 5  # seconds of the processor
MEMORY = 4 * 1024**3  # bytes
# In the first round a mutant meets tests of so many seconds; whoever lives meets all the others in the second.
QUICK = 1.0
LOADING, MAKING = "", "readers"  # contexts of coverage that are no tests


class Trial:
    """A pytest plugin. ``tried``: told of each mutant whether it is dead, and the test that killed it; None: it lives
    after the first round, and the second has not come to it."""

    def __init__(
        self, mutants: Collection[Mutant], tried: Callable[[Mutant, bool | None, str], None], until: float
    ) -> None:
        self.mutants, self.tried, self.until = mutants, tried, until
        self.failed: list[str] = []
        self._seconds: dict[pytest.Item, float] = {}
        self._reached: dict[str, dict[int, set[str]]] = defaultdict(dict)  # module -> line -> tests
        self._killers: dict[str, list[pytest.Item]] = defaultdict(list)  # function -> tests, the latest first
        self._editions: list[Edition] = []
        self._in_fork = False
        self._at = mmap.mmap(-1, 4)  # which test a fork is at; shared with its parent
        files = {str(ROOT / f"{m.module.replace('.', '/')}.py"): m.module for m in mutants}
        self._modules = files
        self._coverage = Coverage(data_file=None, include=list(files), config_file=False)

    def pytest_configure(self) -> None:
        from hypothesis import Phase, settings  # noqa: PLC0415 - pytest's own plugin of it must be the first to import it

        # The same examples in every run, and no time spent on a smaller one: a mutant is dead or it is not.
        settings.register_profile(
            "mutants", derandomize=True, database=None, deadline=None, phases=(Phase.explicit, Phase.generate)
        )
        settings.load_profile("mutants")

    @pytest.hookimpl(wrapper=True)
    def pytest_collection(self) -> Iterator[None]:
        self._coverage.start()
        return (yield)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        # Made while a test module is imported: which one, coverage does not say.
        self._loading = sorted({item.module.__name__ for item in items})

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for item, following in zip(session.items, [*session.items[1:], session.items[0]], strict=True):
            self._coverage.switch_context(item.nodeid)
            start = time.process_time()
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            self._seconds[item] = time.process_time() - start
        self._editions = [it for it in gc.get_objects() if isinstance(it, Edition)]
        self._coverage.switch_context(MAKING)
        for edition in self._editions:
            _readers(edition)
        self._coverage.stop()
        if self.failed:
            return True
        self._note_lines()
        _forget()
        # A fork begins with any test: what is set up is what all have in common.
        session._setupstate.teardown_exact(session)  # type: ignore[arg-type]
        gc.collect()
        gc.freeze()
        if self._fails(None, sorted(session.items, key=self._seconds.__getitem__)[:1000]):
            self.failed.append("some test, in a fork: every mutant would seem dead")
            return True
        self._rounds({item.nodeid: item for item in session.items})
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self._in_fork:
            os._exit(DEAD)
        if report.failed:
            self.failed.append(report.nodeid)

    # Which tests reach which lines

    def _note_lines(self) -> None:
        data = self._coverage.get_data()
        for file, module in self._modules.items():
            self._reached[module] = {n: set(names) for n, names in data.contexts_by_lineno(file).items()}

    def _contexts(self, mutant: Mutant) -> set[str]:
        """The tests that reach a changed line; where it has no code of its own, those that reach its function."""
        reached = self._reached[mutant.module]
        body = mutant.body[1:] or mutant.body
        at = [n for n in mutant.lines if n in reached and n in body] or [n for n in body if n in reached]
        return set().union(*(reached[n] for n in at))

    def _tests_of(self, mutant: Mutant, items: dict[str, pytest.Item]) -> list[pytest.Item]:
        contexts = self._contexts(mutant)
        own = mutant.module.rpartition(".")[2].rstrip("s")
        if MAKING in contexts:  # readers are made of content once: whoever reads with them
            contexts |= {name for name, item in items.items() if "edition" in getattr(item, "fixturenames", ())}
        killers = {item: n for n, item in enumerate(self._killers[mutant.name])}
        found = [items[name] for name in contexts if name in items]

        def order(item: pytest.Item) -> tuple[Any, ...]:
            about = own in item.nodeid.replace("-", "_")
            return killers.get(item, len(killers)), not about, self._seconds[item], item.nodeid

        return sorted(found, key=order)

    # A mutant

    def _rounds(self, items: dict[str, pytest.Item]) -> None:
        living: list[tuple[Mutant, list[pytest.Item]]] = []
        for mutant in self.mutants:
            if time.monotonic() > self.until:
                return
            tests = self._tests_of(mutant, items)
            quick, spent = [], 0.0
            for item in tests:
                spent += self._seconds[item]
                if spent > QUICK and quick:
                    break
                quick.append(item)
            if not self._decided(mutant, quick, last=len(quick) == len(tests)):
                living.append((mutant, tests[len(quick) :]))
        for mutant, tests in living:
            if time.monotonic() > self.until:
                return
            self._decided(mutant, tests, last=True)

    def _decided(self, mutant: Mutant, tests: list[pytest.Item], *, last: bool) -> bool:
        dead = bool(tests) and self._fails(mutant, tests)
        killer = tests[struct.unpack("i", self._at[:4])[0]] if dead else None
        if killer:
            killers = self._killers[mutant.name]
            self._killers[mutant.name] = [killer, *(it for it in killers if it is not killer)][:20]
        self.tried(mutant, True if dead else (False if last else None), killer.nodeid if killer else "")
        return dead or last

    def _fails(self, mutant: Mutant | None, items: list[pytest.Item]) -> bool:
        """Whether one of these tests fails in a fork that runs the mutant (None: our code as it is)."""
        self._at[:4] = struct.pack("i", 0)
        if not (child := os.fork()):
            status = DEAD  # for what is raised outside a test
            try:
                self._in_fork = True
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                self._try(mutant, items)
                status = 0
            except SyntaxError:
                status = BROKEN
            finally:
                os._exit(status)
        ended = os.waitpid(child, 0)[1]
        if mutant and os.WIFEXITED(ended) and os.WEXITSTATUS(ended) == BROKEN:
            raise RuntimeError(f"cannot be put in place, so that no test was asked: {mutant.name}\n{mutant.change}")
        return ended != 0

    def _try(self, mutant: Mutant | None, items: list[pytest.Item]) -> None:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        if mutant:
            signal.setitimer(signal.ITIMER_PROF, AT_LEAST)
            put_in_place(mutant)
            contexts = self._contexts(mutant)
            if MAKING in contexts:
                for edition in self._editions:
                    object.__setattr__(edition, "readers", _readers(edition))
                    vars(edition).pop("offer", None)
            if LOADING in contexts:
                for module in self._loading:
                    importlib.reload(sys.modules[module])
        for at, (item, following) in enumerate(zip(items, [*items[1:], None], strict=True)):
            self._at[:4] = struct.pack("i", at)
            signal.setitimer(signal.ITIMER_PROF, AT_LEAST + PATIENCE * self._seconds[item])
            item.session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def _readers(edition: Edition) -> Readers:
    """An edition's readers, made anew."""
    known, had = edition.knowledge, edition.readers
    return Readers.of(
        edition.terminology, had.measurements, known.guideline.drugs, known.dosing, known.scores, known.opioids,
        had.table, known.radiotherapy,
    )  # fmt: skip


def _forget() -> None:
    """Empties what readings are remembered in: they were made by the unchanged code."""
    for thing in gc.get_objects():
        if isinstance(thing, Analyte):
            thing.known.clear()
            thing.quantities.clear()
        elif isinstance(thing, Remembered):
            thing._known.clear()
