"""No member is given twice: JSON leaves open which of two counts, and a client and we must mean the same one.

Looked at are the request's own members and those of ``prefetch``, ``context``, ``fhirAuthorization``, ``extension``
and ``draftOrders``. msgspec keeps the last of two without a word; so the text is walked from member to member, each
value passed over by comparing it with what msgspec kept for its name: the first of two differs, or its name comes
again. That costs a comparison of bytes, no second parsing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from cds_service.call.decode import decode
from cds_service.call.problems import BadRequest

# By name what msgspec kept: the value's own bytes, or the same of its members.
Kept: TypeAlias = Mapping[str, "msgspec.Raw | Mapping[str, msgspec.Raw]"]

_NAME = re.compile(rb'\s*"([^"\\]*(?:\\.[^"\\]*)*)"\s*:\s*')
_SCALAR = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[^\s,}\[{"]+')
_AFTER = re.compile(rb"\s*([,}])")
_BLANK = re.compile(rb"\s*")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9]{0,63}")  # what an error may repeat of a name
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def members(raw: bytes | msgspec.Raw, where: str) -> dict[str, msgspec.Raw]:
    """The members of one object. Raises ``BadRequest`` for one given twice, and as ``decode`` for no object."""
    found = decode(raw, _members, where)
    refuse_twice(bytes(raw), found, where)
    return found


def refuse_twice(text: bytes, kept: Kept, where: str = "") -> None:
    """Raise ``BadRequest`` when a member of the object ``text``, or of a member in ``kept`` by members, is there twice.

    ``text`` is well-formed JSON of an object, ``kept`` what msgspec read of it. Members that ``kept`` lacks may be
    there; when one is an object or list, the whole text is decoded once more.
    """
    try:
        _walk(text, _start(text), kept, where)
    except KeyError:
        every: dict[str, msgspec.Raw] = decode(text, _members, where)
        by_members = {name: value for name, value in kept.items() if not isinstance(value, msgspec.Raw)}
        _walk(text, _start(text), {**every, **by_members}, where)


def _start(text: bytes) -> int:
    blank = _BLANK.match(text)
    return blank.end() if blank else 0


def _walk(text: bytes, at: int, kept: Kept, where: str) -> int:
    """The place after the object that begins ``at``. Raises ``KeyError`` at a value nobody knows the length of."""
    seen: set[str] = set()
    at += 1
    while name := _NAME.match(text, at):
        member = _spelt(name[1])
        path = f"{where}.{member}" if where else member
        end = None if member in seen else _past(text, name.end(), kept.get(member), path)
        after = None if end is None else _AFTER.match(text, end)
        if after is None:  # its name came before; or its value is not, or only begins as, the one kept for its name
            place = path if _PLAIN.fullmatch(member) else where or "$"
            raise BadRequest("The member is given twice", place, "Send it once.")
        seen.add(member)
        at = after.end()
        if after[1] == b"}":
            return at
    return at + 1  # an empty object's brace


def _past(text: bytes, at: int, value: msgspec.Raw | Mapping[str, msgspec.Raw] | None, path: str) -> int | None:
    """The place after a value; None: it is not the one that was kept for its name."""
    if value is None:
        scalar = _SCALAR.match(text, at)
        if scalar is None:
            raise KeyError
        return scalar.end()
    if isinstance(value, msgspec.Raw):
        own = bytes(value)
        return at + len(own) if text.startswith(own, at) else None
    return _walk(text, at, value, path) if text.startswith(b"{", at) else None


def _spelt(name: bytes) -> str:
    """A member's name: escapes make no other name of it."""
    if b"\\" in name:
        return str(json.loads(b'"%s"' % name))
    return name.decode(errors="surrogateescape")
