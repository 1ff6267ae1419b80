"""What a card or a claim rests on, as text that is the same for the same."""

from __future__ import annotations

import dataclasses
import hashlib
import hmac
from collections.abc import Mapping

import msgspec

from cds_service.base.hashing import joined
from cds_service.base.kinds import Elapsed
from cds_service.call.hook import HookCall
from cds_service.caller import Caller
from cds_service.facts.subjects import DrugOrder, RequestedProcedure


class Asked:
    """Who asked about whom, with the key under which what they are told is remembered."""

    def __init__(self, call: HookCall, caller: Caller, key: bytes) -> None:
        who = caller.who
        self._key = key
        self._about = (who.issuer, who.tenant, call.fhir_server or "", call.patient_id, call.user_id, caller.language)

    def digest(self, *told: str) -> bytes:
        """The keyed hash of what is told to this user of this patient."""
        return hmac.new(self._key, joined(*self._about, *told), hashlib.sha256).digest()


def content(value: object) -> str:
    """What is ordered and found as JSON. What only grows older (``kinds.Elapsed``) is none of it."""
    return msgspec.json.encode(_same(value), enc_hook=_plain, order="deterministic").decode()


def _plain(value: object) -> str | None:
    return None if isinstance(value, Elapsed) else str(value)


def _same(value: object) -> object:
    """What is ordered and found, without what differs between two drafts of the same: ids, positions, the days of
    writing and of giving."""
    if isinstance(value, Mapping):
        return {name: _same(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_same(each) for each in value]
    if isinstance(value, DrugOrder):
        return dataclasses.replace(value, key="", position=0, ref=None, authored=None, due=None)
    return dataclasses.replace(value, key="", position=0, ref=None) if isinstance(value, RequestedProcedure) else value
