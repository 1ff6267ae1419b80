"""What a token lets us read: SMART App Launch scopes, version 1 (``.read``) and 2 (``.rs``), and its patient."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qsl

from cds_service.fetch.failure import Refused
from cds_service.fetch.search import Request

Share = Literal["all", "part", "nothing"]

_CLINICAL = re.compile(
    r"(?:(?:patient|user|system)/)?(?P<type>\*|[A-Z][A-Za-z]*)"
    r"\.(?P<may>read|write|\*|c?r?u?d?s?)(?:\?(?P<filter>\S*))?"
)
_MAY = {"read": "rs", "write": "cud", "*": "cruds"}


@dataclass(frozen=True, slots=True)
class _Grant:
    kind: str
    may: str
    only: frozenset[tuple[str, str]]


def _grants(scope: str) -> Iterator[_Grant]:
    for word in scope.split():
        match = _CLINICAL.fullmatch(word)
        if match:
            may = _MAY.get(match["may"], match["may"])
            yield _Grant(match["type"], may, frozenset(parse_qsl(match["filter"] or "", keep_blank_values=True)))


def share(scope: str | None, request: Request) -> Share:
    """How much of what ``request`` asks for the scope lets be read. No scope stated: all, let the server decide.

    A scope with a filter (``patient/Observation.rs?category=laboratory``) gives all only to a search with the same
    filter: the server would leave out the rest in silence.
    """
    if not scope or not scope.strip():
        return "all"
    letter = "r" if request.kind == "read" else "s"
    fitting = [g for g in _grants(scope) if g.kind in ("*", request.resource_type) and letter in g.may]
    if not fitting:
        return "nothing"
    return "all" if any(_covers(g.only, request) for g in fitting) else "part"


def _covers(only: frozenset[tuple[str, str]], request: Request) -> bool:
    """Whether the search asks for no more than the filter lets through; a filter may name the code's system too."""
    return all(any(n == name and v in (value, value.split("|")[-1]) for n, v in request.params) for name, value in only)


def require_patient(of_token: str | None, patient_id: str) -> None:
    """Raise ``Refused`` for a token that is for another patient. A token that names none is not for another."""
    if of_token and of_token.removeprefix("Patient/") != patient_id.removeprefix("Patient/"):
        raise Refused("token-patient")
