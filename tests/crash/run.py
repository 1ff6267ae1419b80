"""``make crash``: the whole server is killed (SIGKILL) under feedback load, again and again, on SQLite and PostgreSQL.

Clients post batches as fast as they can and send again what was not acknowledged. After each kill, before the next
start, the database must hold every acknowledged event once and whole, each batch entirely or not at all, and nothing
that was never sent. What a killed process loses is tested, not what a power cut does: the operating system lives on.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import clients  # both beside this file
from verdict import Verdict, read

from tests.databases import BACKENDS, postgresql_database, postgresql_server
from tests.servers import Server, running


@contextmanager
def database(backend: str) -> Iterator[str]:
    """The URL of a new database."""
    with tempfile.TemporaryDirectory(prefix="crash") as folder:
        if backend == "sqlite":
            yield f"sqlite:///{folder}/cds.sqlite3"
            return
        with postgresql_server(Path(folder) / "d") as server, postgresql_database(server) as url:
            yield url


def live_and_die(server: Server, book: clients.Book, rng: Random) -> None:
    """Load from all clients, and the kill at a moment nobody knows."""
    threads = clients.start(server.port, book, str(rng.random()))
    time.sleep(rng.uniform(0.5, 2))
    if not server.alive:
        raise RuntimeError(f"the server ended by itself:\n{server.log}")
    server.kill()
    for thread in threads:
        thread.join()


def crash(backend: str, kills: int, seed: int) -> bool:
    """Whether nothing was lost, doubled or torn. Prints the figures of this backend."""
    began, rng, book, verdict = time.monotonic(), Random(f"{seed}/{backend}"), clients.Book(), Verdict()
    before: set[uuid.UUID] = set()
    with database(backend) as url:
        environ = {"CDS_PROFILE": "development", "CDS_DATABASE_URL": url, "WORKERS": "2"}
        for _ in range(kills):
            with running(environ) as (server,):
                book.restart()
                live_and_die(server, book, rng)
            stored = read(url)
            verdict.look(book, stored, before)
            before = set(stored.events)
        with running(environ) as (server,):
            clients.settle(server.port, book)
            ended = server.stop()
        verdict.look(book, read(url), before)
    return report(backend, kills, book, verdict, ended, time.monotonic() - began)


def report(backend: str, kills: int, book: clients.Book, verdict: Verdict, ended: int, seconds: float) -> bool:
    never = len(book.events.keys() - book.acknowledged)
    refused, odd = book.answers[503], {s: n for s, n in book.answers.items() if s not in (0, 200, 503)}
    print(
        f"{backend}: {kills} kills, {book.answers.total()} batches sent ({book.answers[0]} without an answer,"
        f" {refused} told to come again), {len(book.acknowledged)} events acknowledged: {', '.join(verdict.wrong())};"
        f" of events without an answer {verdict.unknown_stored} were stored, {verdict.unknown_not_stored} not;"
        f" {never} never accepted; {seconds:.0f} s",
        flush=True,
    )
    if odd:
        print(f"{backend}: other answers, by status: {odd}")
    if ended:
        print(f"{backend}: the last server ended with {ended}")
    return verdict.good and not (never or odd or ended) and bool(book.acknowledged)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20, help="on each backend (default: 20)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="of events and moments (printed)")
    parser.add_argument("--backend", choices=BACKENDS, action="append", help="only this one")
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    good = [crash(backend, asked.kills, asked.seed) for backend in asked.backend or BACKENDS]
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
