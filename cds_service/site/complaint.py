"""A complaint about a site file, in the words all its checks share."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from dataclasses import dataclass

Where = tuple[str | int, ...]


@dataclass(frozen=True)
class Complaint:
    """Something wrong at a member of the file: where, what, and what to write instead."""

    where: Where
    what: str
    remedy: str


def unknown(where: Where, kind: str, name: str, known: Collection[str]) -> Complaint:
    """A name that is none of the known ones."""
    near = difflib.get_close_matches(name, known, n=1)
    remedy = f"did you mean {near[0]}?" if near else f"use one of: {', '.join(sorted(known)) or '(none)'}"
    return Complaint(where, f"there is no {kind} {name!r}", remedy)
