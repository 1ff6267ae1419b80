"""Feedback over HTTP: read, held within the client's limits, stored, and only then acknowledged."""

from __future__ import annotations

import logging
import math
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime

import orjson
from flask import Response, g, request

from cds_service.call.feedback import Feedback, Vocabulary, read_feedback
from cds_service.store.engine import UNAVAILABLE, Database
from cds_service.store.reactions import Kept, keep
from cds_service.trust.gate import Identity
from cds_service.trust.limits import Turns, within
from cds_service.web.media import read_body
from cds_service.web.outcomes import answer_json, issue, outcome

log = logging.getLogger("cds_service")

# Bytes of a body that holds many events, a hundred or so: storing them takes tens of milliseconds.
_LARGE = 16 * 1024
_RETRY_SECONDS = 5


class FeedbackDesk:
    """Takes what clients say of the cards of this worker's services."""

    def __init__(self, database: Database, vocabulary: Vocabulary) -> None:
        self._database, self._vocabulary = database, vocabulary
        self._turns = Turns()

    def take(self, service: str, now: datetime) -> Response:
        """The answer to this request: 200 when every event is stored. Raises ``BadRequest`` and ``Refusal``."""
        who: Identity = g.who
        with self._turn(who):
            # Before it is read: reading a thousand events costs more than refusing them.
            if who.allowance:
                within(who.allowance.feedback, who.client)
            events = read_feedback(read_body(), self._vocabulary)
            if who.allowance:
                who.allowance.feedback.spend(len(events))
            return self._answer(events, who, service, now)

    def _turn(self, who: Identity) -> AbstractContextManager[None]:
        large = (request.content_length or 0) > _LARGE
        return self._turns.turn(who.client) if large else nullcontext()

    def _answer(self, events: tuple[Feedback, ...], who: Identity, service: str, now: datetime) -> Response:
        unknown = who.allowance.unknown_cards.take if who.allowance else None
        try:
            kept = keep(self._database, events, who, service, now, unknown)
        except UNAVAILABLE as error:
            log.error("feedback was not stored cause=%s", type(error).__name__)  # noqa: TRY400  # its message quotes rows
            text = "The feedback could not all be stored. Send it again: an event that was stored does not count twice."
            return _later(503, "transient", text, None, _RETRY_SECONDS)
        return _unknown_cards(kept, who) if kept.refused else answer_json(200, b"{}")


def _unknown_cards(kept: Kept, who: Identity) -> Response:
    """Some events were not stored: nobody has issued their cards to this client, or that is not recorded yet."""
    assert who.allowance
    assert who.client
    count = len(kept.refused)
    log.warning("feedback of cards never issued: %s events refused client=%s", count, who.client.name)
    text = (
        f"{count} events are of cards that are not on record, and this client has told of too many such. Those were not"
        " stored, the others were. Send it again later: an event that was stored does not count twice."
    )
    seconds = max(1, math.ceil(who.allowance.unknown_cards.wait()))
    return _later(429, "throttled", text, f"feedback[{kept.refused[0]}].card", seconds)


def _later(status: int, code: str, text: str, where: str | None, seconds: int) -> Response:
    response = answer_json(status, orjson.dumps(outcome(issue(code, text, where))))
    response.headers["Retry-After"] = str(seconds)
    return response
