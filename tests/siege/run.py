"""``make siege``: a real server under the loads it must stand, on loopback, in about five minutes; a line for each.

Each line says whether it was held, and with which figures. A load is held when ordinary calls are answered meanwhile,
what was acknowledged is stored, and afterwards everything is as before.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import loads  # both beside this file
from callers import Ordinary, ordinary

from tests.servers import Server

SECONDS = 10.0
Verdict = tuple[bool, str]
# Longer than a worker that hangs goes unnoticed: a call in its hands may wait for all of it.
HANG_SECONDS = 20.0
KIBIBYTE = 1024


@contextmanager
def server(limits: dict[int, int] | None = None, **environ: str) -> Iterator[tuple[Server, str]]:
    """A development server with a database of its own, and the database's URL."""
    with tempfile.TemporaryDirectory(prefix="siege") as folder:
        url = f"sqlite:///{Path(folder) / 'cds.sqlite3'}"
        settings = {"CDS_DATABASE_URL": url, "WORKERS": "2", "THREADS": "4"} | environ
        made = Server(settings, limits)
        try:
            made.wait()
            loads.until(lambda: len(made.workers) == 2)
            yield made, url
        finally:
            made.kill()


def well(seen: Ordinary) -> Verdict:
    return seen.good and seen.worst < 5, str(seen)


def calm() -> Verdict:
    with server() as (made, _), ordinary(made) as seen:
        time.sleep(SECONDS / 2)
    return well(seen)


def slow(beginning: bytes) -> Verdict:
    with server() as (made, _), loads.dripping(made, beginning), ordinary(made) as seen:
        time.sleep(SECONDS * 1.5)  # longer than a request may take to arrive: some begin again
    return well(seen)


def flood() -> Verdict:
    book = loads.clients.Book()
    with server() as (made, url):
        with loads.flooded(made, book), ordinary(made) as seen:
            time.sleep(SECONDS)
        ended = made.stop()
        gone, wrong = loads.lost(url, book)
    odd = {status: n for status, n in book.answers.items() if status not in (200, 429, 503)}
    told = f"feedback {dict(sorted(book.answers.items()))}, acknowledged {len(book.acknowledged)}, lost {gone}"
    good, said = well(seen)
    return good and not (gone or wrong or odd or ended) and bool(book.acknowledged), f"{said}; {told} {wrong or ''}"


def hanging_fhir() -> Verdict:
    with server() as (made, _), loads.hanging_fhir(made) as told, ordinary(made) as seen:
        time.sleep(SECONDS)
    good, said = well(seen)
    return good, f"{said}; calls to be fetched for {dict(sorted(told.items()))}"


def hung_worker() -> Verdict:
    with server() as (made, _):
        with ordinary(made) as seen:
            time.sleep(1)
            hung = loads.stop_one(made)
            replaced = loads.until(lambda: len(made.workers - {hung}) == 2)
            buried = loads.until(lambda: hung not in made.workers)
        ended = made.stop()
    # At most the calls in its hands: one of each caller.
    good = seen.failed <= 3 and seen.longest_gap < 2 and max(replaced, buried) < HANG_SECONDS and ended == 0
    told = f"replaced after {replaced:.1f} s, gone {buried:.1f} s later"
    return good, f"{seen}; longest without an answer {seen.longest_gap:.1f} s; {told}"


def killed_workers() -> Verdict:
    kills, recovered = 0, 0.0
    with server() as (made, _):
        with ordinary(made) as seen:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                os.kill(min(made.workers), signal.SIGKILL)
                kills += 1
                time.sleep(0.2)
                recovered = max(recovered, loads.until(lambda: len(made.workers) == 2))
                time.sleep(1.0)
        ended = made.stop()
    good = seen.failed <= 3 * kills and not any(s >= 500 for s in seen.statuses) and recovered < 5 and ended == 0
    return good, f"{kills} kills; {seen}; two workers again after at most {0.2 + recovered:.1f} s"


def reloads() -> Verdict:
    took = []
    with server() as (made, _):
        with ordinary(made) as seen:
            for _ in range(3):
                before = made.workers
                os.kill(made.pid, signal.SIGHUP)
                took.append(loads.until(lambda before=before: not before & made.workers))
        ended = made.stop()
    good, said = well(seen)
    return good and max(took) < 30 and ended == 0, f"{said}; workers replaced within {max(took):.1f} s"


def no_descriptors() -> Verdict:
    with server({resource.RLIMIT_NOFILE: 64}) as (made, _):
        with loads.dripping(made, loads.BODY), ordinary(made) as seen:
            began, spent = time.monotonic(), _cpu(made)
            time.sleep(SECONDS)
            busy = (_cpu(made) - spent) / (time.monotonic() - began)
        lines = sum("WARNING" in line or "ERROR" in line for line in made.log.splitlines())
    # Who keeps a connection idle at the limit may lose it; the callers here call again.
    good = not any(s >= 500 for s in seen.statuses) and seen.longest_gap < 5 and lines < 20
    return good, f"{seen}; longest without an answer {seen.longest_gap:.1f} s; {busy:.2f} cores; {lines} warnings"


def full_disk() -> Verdict:
    """No file grows beyond this: the database and its journal, and bodies that wait in a temporary file."""
    told: Counter[int] = Counter()
    large: Counter[int] = Counter()
    with server({resource.RLIMIT_FSIZE: 300 * KIBIBYTE}) as (made, _):
        with ordinary(made) as seen:
            end = time.monotonic() + SECONDS
            while time.monotonic() < end:
                loads.feedback(made, told, 50)
                large[made.ask("POST", loads.SERVICE, b"x" * 4096 * KIBIBYTE)[0]] += 1
        traces = made.log.count("Traceback")
        ended = made.stop()
    good, said = well(seen)
    good = good and set(large) == {503} and set(told) <= {200, 429, 503} and told[503] > 0 and not traces and ended == 0
    return good, f"{said}; feedback {dict(sorted(told.items()))}; large bodies {dict(large)}; tracebacks {traces}"


def away(takes: Callable[[str], object]) -> Verdict:
    """The database is away for a while; then feedback is taken again."""
    told: Counter[int] = Counter()
    with server() as (made, url):
        with ordinary(made) as seen:
            with takes(url):  # type: ignore[attr-defined]
                end = time.monotonic() + SECONDS
                while time.monotonic() < end:
                    loads.feedback(made, told, 1)
                    time.sleep(0.1)
                ready = made.ask("GET", "/readyz")[0]
            again = loads.until(lambda: made.ask("GET", "/readyz")[0] == 200)
            recorded = loads.until(lambda: b'"waiting":0' in made.ask("GET", "/health")[1])
        ended = made.stop()
        traces = made.log.count("Traceback")
    good, said = well(seen)
    good = good and set(told) == {503} and max(again, recorded) < 15 and not traces and ended == 0
    after = f"/readyz {ready} meanwhile, 200 after {again:.1f} s, calls recorded {recorded:.1f} s later"
    return good, f"{said}; feedback {dict(told)}; {after}"


def end_with_a_hung_worker() -> Verdict:
    with server() as (made, _):
        loads.stop_one(made)
        began = time.monotonic()
        ended = made.stop()
        took = time.monotonic() - began
    return ended == 0 and took < 15, f"ended with {ended} after {took:.1f} s"


def _cpu(made: Server) -> float:
    """Seconds of processor its workers have used."""
    ticks = 0
    for pid in made.workers:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


LOADS: dict[str, Callable[[], Verdict]] = {
    "calm": calm,
    "200 slow headers": lambda: slow(loads.HEADERS),
    "200 slow bodies": lambda: slow(loads.BODY),
    "flood of feedback": flood,
    "hanging FHIR server": hanging_fhir,
    "hung worker": hung_worker,
    "killed workers": killed_workers,
    "three reloads": reloads,
    "64 descriptors": no_descriptors,
    "full disk": full_disk,
    "locked database": lambda: away(loads.locked),
    "deleted database": lambda: away(loads.deleted),
    "SIGTERM with a hung worker": end_with_a_hung_worker,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=LOADS, action="append", help="only this load (may be given again)")
    asked = parser.parse_args()
    held = []
    for name in asked.only or LOADS:
        began = time.monotonic()
        good, said = LOADS[name]()
        held.append(good)
        print(f"{'held    ' if good else 'NOT HELD'} {name}: {said} ({time.monotonic() - began:.0f} s)", flush=True)
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
