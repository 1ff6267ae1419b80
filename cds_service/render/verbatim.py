"""The client's own order as plain members, its numbers digit for digit: 1.10 stays 1.10, and 20 digits stay 20.

A binary float would round what the client wrote, and a ``Decimal`` would respell 1E3. Each number is therefore kept as
its own text (``msgspec.Raw``), which the encoder of the response puts out as it is.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec

from cds_service.base.decoding import UNREADABLE

Json = dict[str, Any]

# FHIR's deepest resources are a fourth as deep; the encoder could not put out what goes on for ever.
DEEPEST = 100


def own_order(raw: msgspec.Raw) -> Json | None:
    """The members of an order; None when it cannot be given back.

    That is: text that is not UTF-8, a number that no client could read (1e400), or nesting beyond ``DEEPEST``. Any of
    them would make the whole answer unreadable.
    """
    text = bytes(raw)
    try:
        msgspec.json.decode(text)  # judges every text and number, which the readers of some members do not
        whole = json.loads(text, parse_float=_number, parse_int=_number)
    except UNREADABLE:
        return None
    # With so few brackets it cannot be deeper: of most orders no member need be looked at.
    shallow = text.count(b"{") + text.count(b"[") <= DEEPEST
    return whole if isinstance(whole, dict) and (shallow or _within(whole, DEEPEST)) else None


def _number(text: str) -> msgspec.Raw:
    return msgspec.Raw(text.encode())


def _within(node: Any, levels: int) -> bool:
    if not isinstance(node, dict | list):
        return True
    children = node.values() if isinstance(node, dict) else node
    return levels > 0 and all(_within(child, levels - 1) for child in children)
