"""Keeps workers alive: replaces those that die or hang, reloads one after another, and ends in bounded time."""

from __future__ import annotations

import gc
import logging
import os
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import NoReturn

from cds_service.base.complaints import StartFault
from cds_service.web.board import Board
from cds_service.web.errors import place_of

log = logging.getLogger("cds_service.web.serve")

# A worker's loop turns at least once a second. Who has not said for so long that it is well is replaced.
HANG_SECONDS = 10.0
# From SIGTERM to SIGKILL: a worker needs at most two times its grace, 10 s.
STOP_SECONDS = 12.0
# The same for one that hangs: enough for the requests of its threads that do not.
HUNG_STOP_SECONDS = 5.0
# A worker that dies younger than this is broken, not unlucky: its successor waits, or a crash at start is a storm.
YOUNG_SECONDS = 1.0
_TICK_SECONDS = 1.0
# The supervisor itself was stopped, or the machine slept: nobody is judged by what happened meanwhile.
_ASLEEP_SECONDS = 3.0
# Workers that are finishing while their successors work.
PLACES_PER_WORKER = 3
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGCHLD)
# What a worker does, given its place on the board, until it is told to stop.
Work = Callable[[int], None]
# Python looks after 700, several times in a call; an opened chart of 1,000 resources takes a tenth less with this.
_OBJECTS_BEFORE_COLLECTING = 10_000


@dataclass
class _Worker:
    process: int
    place: int
    generation: int
    born: float  # monotonic seconds
    told: float | None = None  # when it was asked to end
    ends_by: float = 0.0  # when it is killed
    killed: bool = False


class Supervisor:
    """``count`` forked workers at the work that ``make`` made, and makes anew for a reload."""

    def __init__(
        self,
        make: Callable[[], Work],
        board: Board,
        count: int,
        *,
        close: Callable[[], None],
        drain_seconds: float = 0.0,
        ends_on_hangup: Callable[[], bool] = lambda: False,
    ) -> None:
        """``close``: closes this process's copy of the listening socket. ``drain_seconds``: from a stop signal to the
        moment from which no connection is accepted. ``ends_on_hangup``: whether SIGHUP means that the terminal is gone.

        Makes the work, and raises what that raises.
        """
        self._make, self._board, self._count = make, board, count
        self._close, self._drain, self._ends_on_hangup = close, drain_seconds, ends_on_hangup
        self._workers: dict[int, _Worker] = {}  # by process id
        self._generation = 0
        self._closes_at: float | None = None  # set by a stop signal
        self._closed = False
        self._forks_from = 0.0
        self._looked = self._awake_since = time.monotonic()
        self._work = make()
        _settle_memory()

    def run(self, ready: Callable[[], None]) -> None:
        """Fork the workers and look after them until a stop signal has ended the last.

        ``ready`` is called first, when signals mean what they should.
        """
        with _signals() as pipe:
            ready()
            while True:
                now = self._wake()
                self._reap(now)
                self._judge(now)
                if self._closes_at is not None and now >= self._closes_at:
                    self._end(now)
                    if not self._workers:
                        return
                else:
                    self._keep(now)
                for number in _wait(pipe, self._patience()):
                    self._take(number, time.monotonic())

    def _wake(self) -> float:
        now = time.monotonic()
        if now - self._looked > _ASLEEP_SECONDS:
            self._awake_since = now
        self._looked = now
        return now

    def _patience(self) -> float:
        if self._closes_at is None or self._closed:
            return _TICK_SECONDS
        return min(_TICK_SECONDS, max(0.0, self._closes_at - time.monotonic()))

    # What signals ask for

    def _take(self, number: int, now: float) -> None:
        if number == signal.SIGHUP and not self._ends_on_hangup():
            if self._closes_at is None:
                self._reload()
        elif number != signal.SIGCHLD:
            # The second one, and Ctrl-C, wait for no load balancer.
            waits = self._drain if number == signal.SIGTERM and self._closes_at is None else 0.0
            self._closes_at = now + waits
            self._board.leave(now)
            log.info("stopping; no connection is accepted in %s s", waits)

    def _reload(self) -> None:
        """Make the work anew. With a fault, that is said, and the old goes on."""
        gc.unfreeze()
        try:
            self._work = self._make()
        except StartFault as fault:
            log.error("reload refused, the old content goes on: %s", fault)  # noqa: TRY400  # written for people
        except Exception as error:  # noqa: BLE001  # whatever it is, it must not end the server
            # Not its message: nobody has seen what it quotes.
            log.error("reload failed, the old content goes on: %s at %s", type(error).__name__, place_of(error))  # noqa: TRY400
        else:
            self._generation += 1
            log.info("reloaded; the workers are replaced one after another")
        _settle_memory()

    # What workers need

    def _reap(self, now: float) -> None:
        while self._workers:
            process, status = os.waitpid(-1, os.WNOHANG)
            if process == 0:
                return
            worker = self._workers.pop(process, None)
            if worker is None or worker.told is not None:
                continue
            log.error("worker %s ended (%s); starting another", process, os.waitstatus_to_exitcode(status))
            if now - worker.born < YOUNG_SECONDS:
                self._forks_from = now + YOUNG_SECONDS

    def _judge(self, now: float) -> None:
        for worker in list(self._workers.values()):
            if worker.told is None:
                well = max(self._board.beaten(worker.place), worker.born, self._awake_since)
                if now - well > HANG_SECONDS:
                    log.error("worker %s hangs; starting another", worker.process)
                    self._tell(worker, now, HUNG_STOP_SECONDS)
            elif not worker.killed and now > worker.ends_by:
                log.error("worker %s does not end; killed", worker.process)
                worker.killed = True
                _send(worker, signal.SIGKILL)

    def _keep(self, now: float) -> None:
        """As many workers as there should be; after a reload a successor first, then the end of one of the old."""
        there = [w for w in self._workers.values() if w.told is None]
        old = [w for w in there if w.generation != self._generation]
        new_are_well = all(self._board.beaten(w.place) for w in there if w.generation == self._generation)
        if old and len(there) > self._count and new_are_well:
            self._tell(old[0], now, STOP_SECONDS)
            there.remove(old[0])
            old.pop(0)
        wanted = self._count + (1 if old and new_are_well else 0)
        for _ in range(wanted - len(there)):
            self._fork(now)

    def _end(self, now: float) -> None:
        if not self._closed:
            self._closed = True
            # Once the last worker has closed its copy too, callers are refused instead of kept waiting.
            self._close()
        for worker in self._workers.values():
            if worker.told is None:
                self._tell(worker, now, STOP_SECONDS)

    def _tell(self, worker: _Worker, now: float, seconds: float) -> None:
        worker.told, worker.ends_by = now, now + seconds
        _send(worker, signal.SIGTERM)

    def _fork(self, now: float) -> None:
        taken = {w.place for w in self._workers.values()}
        place = next((p for p in self._board.places if p not in taken), None)
        if place is None or now < self._forks_from:
            return
        self._board.beat(place, 0.0)
        with _held():
            try:
                process = os.fork()
            except OSError as error:
                self._forks_from = now + YOUNG_SECONDS
                log.error("no worker can be started (%s)", os.strerror(error.errno or 0))  # noqa: TRY400
                return
            if process == 0:
                self._become_worker(place)
        self._workers[process] = _Worker(process, place, self._generation, now)

    def _become_worker(self, place: int) -> NoReturn:
        status = 1
        try:
            # The pipe is the supervisor's: what a worker is told must not be read there.
            signal.set_wakeup_fd(-1)
            self._work(place)
            status = 0
        except BaseException:
            log.exception("worker failed")
        finally:
            # Not sys.exit: the frames below belong to the supervisor.
            logging.shutdown()
            os._exit(status)


def _send(worker: _Worker, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(worker.process, number)


def _settle_memory() -> None:
    """What workers will share is never walked by the garbage collector, which would copy it for each of them; and it
    looks for circles seldom: a call makes thousands of objects and hardly a circle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING)


@contextmanager
def _signals() -> Iterator[int]:
    """The reading end of a pipe into which the numbers of the signals fall that this process is sent."""

    def note(_number: int, _frame: FrameType | None) -> None:
        """The number is in the pipe already; without a handler of Python it would not be."""

    ends, falls_in = os.pipe()
    for end in (ends, falls_in):
        os.set_blocking(end, False)
    before = {number: signal.signal(number, note) for number in _SIGNALS}
    woke = signal.set_wakeup_fd(falls_in, warn_on_full_buffer=False)
    try:
        yield ends
    finally:
        signal.set_wakeup_fd(woke)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(ends)
        os.close(falls_in)


def _wait(pipe: int, seconds: float) -> bytes:
    """Signals that have arrived, after at most so long."""
    if not select.select([pipe], [], [], seconds)[0]:
        return b""
    return os.read(pipe, 256)


@contextmanager
def _held() -> Iterator[None]:
    """No signal arrives: a worker that has just been forked would take it for its supervisor."""
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
