"""The server below the application, as a process: a toy application under it, and limits as a test asks."""

from __future__ import annotations

import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread

# A stand-in for the application: what is tested is the server below it.
TOY = """
import json, os, resource, signal, threading, time
from pathlib import Path
from flask import Flask, request
from cds_service.base.complaints import ContentError
from cds_service.web import channel, listener, supervisor, worker
from cds_service.web.always import say_always
from cds_service.web.serve import serve
from cds_service.site.settings import Settings

for name, value in json.loads(os.environ.get("TOY_NUMBERS", "{}")).items():
    module, _, member = name.partition(".")
    setattr(globals()[module], member, value)
built = os.getpid()
held = []

def app_factory():
    app = Flask("toy")
    say_always(app, ("X-Toy", "open"))
    content = Path(os.environ["TOY_CONTENT"]).read_text() if "TOY_CONTENT" in os.environ else ""
    if content == "wrong":
        raise ContentError("toy.yaml", 3, "wrong", "write it right")
    if content == "unforeseen":
        raise LookupError("SECRET")
    if content == "dies" or os.environ.get("TOY_DIES"):
        app.extensions["begin"] = lambda: os._exit(7)
    warmed = []
    app.extensions["warm"] = lambda: warmed.append(os.getpid())

    @app.get("/who")
    def who():
        return {"pid": os.getpid(), "built": built, "warmed": warmed, "content": content}

    @app.post("/length")
    def length():
        return {"bytes": len(request.get_data())}

    @app.post("/parts")
    def parts():
        body = request.get_data()
        found = [body[:2000] for _ in range(1500)]
        return {"parts": len(found), "faults": resource.getrusage(resource.RUSAGE_SELF).ru_minflt}

    @app.get("/slow")
    def slow():
        time.sleep(1)
        return {"done": True}

    @app.get("/stuck")
    def stuck():
        time.sleep(60)
        return {}

    @app.get("/leaving")
    def leaving():
        return {"leaving": app.extensions["leaving"]()}

    @app.get("/hold")
    def hold():
        "All descriptors of this process, for two seconds."
        def release():
            while held:
                os.close(held.pop())
        threading.Timer(2, release).start()
        try:
            while True:
                held.append(os.open("/dev/null", os.O_RDONLY))
        except OSError:
            return {"held": len(held)}

    return app

serve(app_factory, Settings.from_env(os.environ))
"""
_PATIENCE_SECONDS = 20.0


@dataclass
class Server:
    process: subprocess.Popen[str]
    port: int = 0
    lines: list[str] = field(default_factory=list)
    reader: Thread = field(default_factory=Thread)

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers, body."""
        connection = self.connection()
        try:
            connection.request(method, path, body)
            response = connection.getresponse()
            return response.status, response.headers, response.read()
        finally:
            connection.close()

    def get(self, path: str) -> dict[str, object]:
        status, _, body = self.ask("GET", path)
        assert status == 200
        answer: dict[str, object] = json.loads(body)
        return answer

    def pid(self) -> int:
        """Of a worker."""
        pid = self.get("/who")["pid"]
        assert isinstance(pid, int)
        return pid

    def pids(self, count: int) -> set[int]:
        """Of so many workers, once each of them has answered."""
        found: set[int] = set()

        def all_found() -> bool:
            found.add(self.pid())
            return len(found) >= count

        until(all_found)
        return found

    def listens(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    def send(self, data: bytes) -> socket.socket:
        client = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        client.sendall(data)
        return client

    def says(self, data: bytes) -> bytes:
        """All it answers until it closes the connection."""
        with self.send(data) as client:
            return b"".join(iter(lambda: client.recv(4096), b""))

    def signal(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)


def until(true: Callable[[], object], seconds: float = _PATIENCE_SECONDS) -> None:
    """Wait for something another process does."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    """Whether a process has ended. (Its parent, the supervisor, has buried it.)"""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


@contextmanager
def serving(
    numbers: Mapping[str, float] | None = None, limits: Mapping[int, int] | None = None, **environ: str
) -> Iterator[Server]:
    """A server with the toy. ``numbers``: constants of ``cds_service.web`` as ``module.NAME``; ``limits``: of the
    process, by ``resource.RLIMIT_…``."""

    def limit() -> None:
        for kind, value in (limits or {}).items():
            resource.setrlimit(kind, (value, value))

    settings = {"PORT": "0", "WORKERS": "1", "THREADS": "1", "TOY_NUMBERS": json.dumps(numbers or {})} | environ
    process = subprocess.Popen(
        [sys.executable, "-c", TOY],
        env=os.environ | settings,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit,  # noqa: PLW1509  # no other thread of the test forks
        start_new_session=True,
    )
    server = Server(process)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        found = re.search(r"listening on http://127\.0\.0\.1:(\d+)", line)
        if found is None:
            server.read()
            raise AssertionError(line + server.log)
        server.port = int(found[1])
        # A full pipe would stop the server.
        server.reader = Thread(target=server.read, daemon=True)
        server.reader.start()
        yield server
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=20)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        server.reader.join(10)
        process.stderr.close()
