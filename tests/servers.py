"""Servers for tests: ``cds-service serve`` as a process, on a free loopback port, its log read all the time."""

from __future__ import annotations

import http.client
import os
import re
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
_OURS = ("HOST", "PORT", "WORKERS", "THREADS")
START_SECONDS = 120.0  # a start takes four; a machine with other work has taken more than sixty
STOP_SECONDS = 15.0


class Server:
    """A server process in a process group of its own."""

    def __init__(self, environ: Mapping[str, str], limits: Mapping[int, int] | None = None) -> None:
        """Start it, with ``environ`` and no other setting of this machine; it listens when ``wait`` has returned.

        ``limits``: of the process, by ``resource.RLIMIT_…``.
        """

        def limit() -> None:
            for kind, value in (limits or {}).items():
                resource.setrlimit(kind, (value, value))

        inherited = {k: v for k, v in os.environ.items() if not k.startswith("CDS_") and k not in _OURS}
        self.port = 0
        self._lines: list[str] = []
        self._said = Event()  # it listens, or has ended
        self._process = subprocess.Popen(
            [sys.executable, "-m", "cds_service", "serve"],
            env=inherited | {"PORT": "0", "PYTHONFAULTHANDLER": "1"} | environ,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
            preexec_fn=limit if limits else None,  # noqa: PLW1509  # no thread of ours forks
        )
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        """To the end of the log, or a full pipe would stop the server."""
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self._lines.append(line)
            if not self.port and (found := _LISTENING.search(line)):
                self.port = int(found[1])
                self._said.set()
        self._said.set()

    @property
    def log(self) -> str:
        return "".join(self._lines)

    @property
    def pid(self) -> int:
        """Of the supervisor."""
        return self._process.pid

    @property
    def workers(self) -> set[int]:
        """Process ids, as Linux knows them."""
        return {int(pid) for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()}

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def wait(self) -> None:
        """Until it listens. Raises ``RuntimeError`` with its log when it does not."""
        if not self._said.wait(START_SECONDS):
            self._process.send_signal(signal.SIGABRT)  # it says where it stands (PYTHONFAULTHANDLER)
            self._reader.join(timeout=10)
        if not self.port:
            raise RuntimeError(f"the server did not start:\n{self.log}")

    def ask(self, method: str, path: str, body: bytes | None = None, token: str | None = None) -> tuple[int, bytes]:
        """Status and body of one call."""
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def stop(self) -> int:
        """SIGTERM; its exit code once it has ended. One that hangs is killed, which the code shows."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        return self._gone()

    def kill(self) -> None:
        """SIGKILL to the whole group at once: the supervisor and its workers."""
        # The group is there as long as the process is not waited for.
        if self.alive:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._gone()

    def _gone(self) -> int:
        code = self._process.wait()
        # The log ends when the last worker has: only then nobody writes to the database any more.
        self._reader.join(STOP_SECONDS)
        assert not self._reader.is_alive(), "a worker outlived its supervisor"
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code


@contextmanager
def running(*environs: Mapping[str, str]) -> Iterator[tuple[Server, ...]]:
    """One server for each environment, all started at the same time, listening while this lasts."""
    servers = tuple(Server(environ) for environ in environs)
    try:
        for server in servers:
            server.wait()
        yield servers
    finally:
        for server in servers:
            server.stop()
