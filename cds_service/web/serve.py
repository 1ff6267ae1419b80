"""The server under ``make serve``: waitress in a few processes that share one listening socket.

Why waitress, and why a supervisor of our own: ``deploy/README.md`` has the measurements. The application is built and
warmed once, what was built is frozen so that the garbage collector never walks it again, and workers are forked.
"""

from __future__ import annotations

import logging
import os
import resource
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from cds_service.site.settings import Settings
from cds_service.web.board import Board
from cds_service.web.errors import place_of
from cds_service.web.listening import listen
from cds_service.web.supervisor import PLACES_PER_WORKER, Supervisor, Work
from cds_service.web.worker import work

if TYPE_CHECKING:
    from flask import Flask

log = logging.getLogger("cds_service.web.serve")

# For 1,000 connections and what else a worker has open; many systems start with 1,024 and allow more.
_DESCRIPTORS = 4096
_STDERR = 2


def serve(
    app_factory: Callable[[], Flask], settings: Settings, ready: Callable[[str], object] = lambda _: None
) -> None:
    """Build and warm the application, then serve until SIGTERM or SIGINT; at SIGHUP build it anew. ``ready`` is told
    the address (http://…) once calls are answered.

    Returns when every worker has finished the requests it had taken, or has been killed because it did not end.
    Raises ``SettingsError`` when the address cannot be listened on, and what ``app_factory`` raises the first time.
    Needs ``fork`` (Linux, macOS).
    """
    logging.basicConfig(format="%(asctime)s %(levelname)s %(process)d %(name)s %(message)s", level=logging.INFO)
    _lean_lines()
    # Of a schema that is looked at it says five lines; what cannot be used is a fault of the start.
    logging.getLogger("alembic").setLevel(logging.WARNING)
    _quieten_waitress()
    _raise_descriptors()
    # Listening first: a taken port is said at once, and what connects while the application warms up is kept waiting.
    with listen(settings.host, settings.port) as listener:
        supervisor, board = os.getpid(), Board(PLACES_PER_WORKER * settings.workers + 1)
        in_terminal = os.isatty(_STDERR)

        def make() -> Work:
            app = app_factory()
            app.extensions["leaving"] = lambda: board.leaving
            if warm := app.extensions.get("warm"):
                warm()
            return lambda place: work(app, listener, settings, supervisor, board, place)

        supervised = Supervisor(
            make,
            board,
            settings.workers,
            close=listener.close,
            drain_seconds=settings.drain_seconds,
            ends_on_hangup=lambda: in_terminal and not os.isatty(_STDERR),
        )
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        said = "listening on http://%s:%s workers=%s threads=%s"

        def begun() -> None:
            log.info(said, shown, port, settings.workers, settings.threads)
            ready(f"http://{shown}:{port}")

        supervised.run(begun)


def _raise_descriptors() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _DESCRIPTORS)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _lean_lines() -> None:
    """What no line says is not looked for: the code that logs, threads (Python's logging howto, "Optimization")."""
    logging._srcfile = None  # noqa: SLF001  # as the howto says
    logging.logThreads = logging.logMultiprocessing = False


def _quieten_waitress() -> None:
    """Its information lines carry paths of the client's making, its queue warnings are noise, and what it says of an
    exception quotes path and message."""
    logging.getLogger("waitress").setLevel(logging.WARNING)
    logging.getLogger("waitress").addFilter(_only_the_place)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)


def _only_the_place(record: logging.LogRecord) -> bool:
    """A failure by kind and place: its message and the request's path are not ours to write down."""
    if (error := sys.exc_info()[1]) is not None:
        record.msg, record.args = "failed below the application: %s at %s", (type(error).__name__, place_of(error))
        record.exc_info = record.exc_text = None
    return True
