"""What can go wrong with a call, in the terms of the call; only ``web`` turns these into HTTP.

No message carries a value of the request: they name members, types, keys and topics.
"""

from __future__ import annotations

from dataclasses import dataclass


class CallProblem(Exception):
    """Base of everything that stops a call."""


@dataclass(unsafe_hash=True)
class BadRequest(CallProblem):
    """The request breaks the contract. ``where`` is a path into the body, ``remedy`` says what to send instead."""

    what: str
    where: str
    remedy: str


@dataclass(unsafe_hash=True)
class TooMuch(CallProblem):
    """More of something than one call may hold: ``count`` of ``things`` at ``where``, of which ``most`` are taken."""

    count: int
    most: int
    things: str
    where: str


@dataclass(unsafe_hash=True)
class UnknownService(CallProblem):
    """No service of this id; ``known`` lists the ids there are."""

    known: tuple[str, ...]


@dataclass(unsafe_hash=True)
class UnknownHook(CallProblem):
    """No service is on the hook of this address; ``known`` lists the hooks there are."""

    known: tuple[str, ...]


# Something that was not obtained: the path into the request where it would have stood, and why.
Cause = tuple[str, str]


@dataclass(unsafe_hash=True)
class DataNotObtained(CallProblem):
    """Data that an order in scope cannot be checked without."""

    causes: tuple[Cause, ...]


@dataclass(unsafe_hash=True)
class RuleFailed(CallProblem):
    """A rule or a text of ours raised; the topic names it."""

    topic: str
    stage: str
