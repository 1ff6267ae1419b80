"""Recording calls beside the answering: a bounded queue and one writing thread per worker.

An answer never waits for the database. When it cannot keep up or is gone, the queue fills; what then does not fit is
dropped, counted, complained of in the log, shown by the health check, and recorded as a loss once writing works again.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, insert

from cds_service.deliver.issue import Issued
from cds_service.store.engine import UNAVAILABLE, Database
from cds_service.store.tables import call, card, claim, loss

log = logging.getLogger("cds_service.audit")

_BATCH = 500
# Rows gather this long before they are written: one commit for many calls.
_GATHER_SECONDS = 0.25
_RETRY_SECONDS = 1.0
_ALARM_SECONDS = 60.0
_HOUSEKEEPING_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class CallRecord:
    """What is kept of a call: the columns of ``store.tables.call``, and its cards."""

    at: datetime
    issuer: str
    tenant: str
    hook: str
    service: str
    fhir_version: str
    profile: str
    duration_ms: float
    status: int
    outcome: str
    knowledge: str
    cards: tuple[Issued, ...] = ()


class Audit:
    """The queue of this process. ``housekeeping`` is run by the writing thread about once a minute."""

    def __init__(self, database: Database, size: int, housekeeping: Callable[[], object] = lambda: None) -> None:
        self.dropped = 0
        self.failing = False  # whether the database refused the last writing
        self._database, self._housekeeping = database, housekeeping
        self._lock = threading.Lock()
        self._process = 0
        self._unrecorded = 0
        self._complained_at = -_ALARM_SECONDS
        self._stop = threading.Event()
        self._writer: threading.Thread | None = None
        self._queue: queue.Queue[CallRecord] = queue.Queue(size)

    @property
    def waiting(self) -> int:
        return self._queue.qsize()

    def record(self, record: CallRecord) -> None:
        """Queue a record, or drop it when the queue is full. Never waits, never raises."""
        self.start()
        try:
            self._queue.put_nowait(record)
        except queue.Full:
            self._drop(1)

    def close(self, seconds: float) -> None:
        """Write what is queued, for at most so long."""
        self._stop.set()
        if self._writer is not None and self._process == os.getpid():
            self._writer.join(seconds)
        if lost := self._unrecorded + self.waiting:
            log.error("stopped with %s calls answered and not recorded", lost)

    def start(self) -> None:
        """See that this process has its writing thread: a forked worker does not inherit one."""
        if self._process == os.getpid():
            return
        with self._lock:
            if self._process == os.getpid():
                return
            writer = threading.Thread(target=self._run, name="audit", daemon=True)
            try:
                writer.start()
            except RuntimeError:  # no thread to be had: the next record tries again, the queue is bounded
                return
            self._writer, self._process = writer, os.getpid()

    def _drop(self, count: int) -> None:
        with self._lock:
            self.dropped += count
            self._unrecorded += count
            now = time.monotonic()
            if now - self._complained_at >= _ALARM_SECONDS:
                self._complained_at = now
                log.error("calls are answered but not recorded: %s dropped by this worker so far", self.dropped)

    def _run(self) -> None:
        swept = 0.0
        while not (self._stop.is_set() and self._queue.empty()):
            if batch := self._gather():
                self._keep(batch)
            if time.monotonic() - swept > _HOUSEKEEPING_SECONDS:
                self._sweep()
                swept = time.monotonic()
        self._sweep()

    def _gather(self) -> list[CallRecord]:
        try:
            batch = [self._queue.get(timeout=0.5)]
        except queue.Empty:
            return []
        if not self._stop.is_set():
            self._stop.wait(_GATHER_SECONDS)
        while len(batch) < _BATCH:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return batch

    def _keep(self, batch: Sequence[CallRecord]) -> None:
        """Write a batch; wait while the database is away; what it refuses for another reason is dropped alone."""
        while True:
            try:
                self._write(batch)
            except UNAVAILABLE as error:
                self.failing = True
                log.warning(
                    "calls cannot be recorded now (%s); %s wait", type(error).__name__, len(batch) + self.waiting
                )
                if self._stop.wait(_RETRY_SECONDS):
                    self._drop(len(batch))
                    return
            except Exception as error:  # noqa: BLE001  # whatever it is, the writer must live
                # Not its message, nor its trace: they quote the row.
                log.warning("a record was refused (%s)", type(error).__name__)
                self._one_by_one(batch)
                return
            else:
                return

    def _one_by_one(self, batch: Sequence[CallRecord]) -> None:
        for record in batch:
            try:
                self._write([record])
            except Exception:  # noqa: BLE001  # as above
                self._drop(1)

    def _write(self, batch: Sequence[CallRecord]) -> None:
        """Write records, and the loss since the last writing."""
        with self._lock:
            lost = self._unrecorded
        if not (batch or lost):
            return
        with self._database.engine.begin() as connection:
            if batch:
                _insert(connection, batch)
            if lost:
                connection.execute(insert(loss).values(at=datetime.now(UTC), calls=lost))
        self.failing = False
        with self._lock:
            self._unrecorded -= lost

    def _sweep(self) -> None:
        try:
            self._write([])
            self._housekeeping()
        except Exception as error:  # noqa: BLE001  # as above
            log.warning("housekeeping failed (%s)", type(error).__name__)


def _insert(connection: Connection, batch: Sequence[CallRecord]) -> None:
    columns = [name for name in CallRecord.__slots__ if name != "cards"]
    rows = [{name: getattr(record, name) for name in columns} for record in batch]
    keys = connection.scalars(insert(call).returning(call.c.id, sort_by_parameter_order=True), rows).all()
    issued = [(key, record, each) for key, record in zip(keys, batch, strict=True) for each in record.cards]
    cards = [
        {
            "call_id": key,
            "issuer": record.issuer,
            "tenant": record.tenant,
            "uuid": each.uuid,
            "topic": each.topic,
            "indicator": each.indicator,
            "outcome": each.fate,
            "sameness": each.sameness,
            "part": each.part,
            "held_by": each.held_by,
        }
        for key, record, each in issued
    ]
    if not any(each.claims for _, _, each in issued):
        if cards:
            connection.execute(insert(card), cards)
        return
    ids = connection.scalars(insert(card).returning(card.c.id, sort_by_parameter_order=True), cards).all()
    claims = [
        {"card_id": own, "digest": digest}
        for own, (_, _, each) in zip(ids, issued, strict=True)
        for digest in dict.fromkeys(each.claims)
    ]
    connection.execute(insert(claim), claims)
