"""The server under ``make serve``: waitress in a few processes that share one listening socket.

Why waitress: it takes a request off the wire completely before a thread sees it, so clients that send slowly cost a
connection and nothing else (``deploy/README.md`` has the measurements). It has no supervisor of its own; this one
builds and warms the application once, freezes what was built so that the garbage collector never walks it again, and
forks.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NoReturn

from cds_service.base.complaints import SettingsError
from cds_service.site.settings import Settings
from cds_service.web.worker import work

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger("cds_service.web.serve")

BACKLOG = 1024
# A worker that dies younger than this is broken, not unlucky: its successor waits, or a crash at start is a storm.
YOUNG_SECONDS = 1.0
_STOPPING = (signal.SIGTERM, signal.SIGINT)


def serve(app_factory: Callable[[], Flask], settings: Settings) -> None:
    """Build and warm the application, then serve until SIGTERM or SIGINT.

    Returns when every worker has finished the requests it had taken. Raises ``SettingsError`` when the address cannot
    be listened on. Needs ``fork`` (Linux, macOS).
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(process)d %(name)s %(message)s", level=logging.INFO)
    # Silent below WARNING: its information lines carry paths of the client's making, and its queue warnings are noise.
    logging.getLogger("waitress").setLevel(logging.WARNING)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    # Listening first: a taken port is said at once, and what connects while the application warms up is kept waiting.
    with _listen(settings.host, settings.port) as listener:
        app = app_factory()
        if warm := app.extensions.get("warm"):
            warm()
        gc.collect()
        gc.freeze()
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        log.info("listening on http://%s:%s workers=%s threads=%s", shown, port, settings.workers, settings.threads)
        supervisor = os.getpid()
        _Supervisor(lambda: work(app, listener, settings, supervisor), settings.workers).run()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.create_server(address[:2], family=family, backlog=BACKLOG)
    except socket.gaierror as error:
        raise SettingsError("HOST", f"{host} is no address here ({error.strerror})", "Choose another") from None
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise SettingsError("PORT", f"cannot listen on {host}:{port} ({why})", "Choose another") from None
    listener.setblocking(False)
    return listener


class _Supervisor:
    """Keeps ``count`` forked workers alive, and passes a stop signal on to them."""

    def __init__(self, start: Callable[[], None], count: int) -> None:
        self._start = start
        self._count = count
        self._born: dict[int, float] = {}  # process id → monotonic seconds
        self._stopping = False

    def run(self) -> None:
        """Fork the workers, replace those that die, return when all have stopped after a stop signal."""
        before = {number: signal.signal(number, self._stop) for number in _STOPPING}
        try:
            for _ in range(self._count):
                self._fork()
            while self._born:
                self._bury(*os.wait())
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _fork(self) -> None:
        # A stop signal between fork and the note of the new process would miss it.
        with _signals_held():
            if self._stopping:
                return
            if (process := os.fork()) == 0:
                self._become_worker()
            self._born[process] = time.monotonic()

    def _become_worker(self) -> NoReturn:
        status = 1
        try:
            self._start()
            status = 0
        except BaseException:
            log.exception("worker failed")
        finally:
            # Not sys.exit: the frames below belong to the supervisor.
            logging.shutdown()
            os._exit(status)

    def _bury(self, process: int, status: int) -> None:
        born = self._born.pop(process, None)
        if born is None or self._stopping:
            return
        log.error("worker %s ended (%s); starting another", process, os.waitstatus_to_exitcode(status))
        if time.monotonic() - born < YOUNG_SECONDS:
            time.sleep(YOUNG_SECONDS)
        self._fork()

    def _stop(self, _number: int, _frame: object) -> None:
        self._stopping = True
        for process in list(self._born):
            # One that has just ended is gone by the time a second signal arrives.
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGTERM)


@contextmanager
def _signals_held() -> Iterator[None]:
    held = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
