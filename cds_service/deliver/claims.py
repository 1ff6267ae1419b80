"""What an order's card has just said to a user, the opened chart does not say again.

A rule names what its card claims, and on what evidence (``Advise.claims``); topics that say one thing name it alike. A
card of the opened chart stays away when an order's card said all of its claims, on the same evidence, a short while
ago to the same user of the same patient. Never a critical card, never one without claims, and never one that another
topic's line stands on. The order is never silenced by the chart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from cds_service.base.kinds import URGENCY
from cds_service.call.hook import HookCall
from cds_service.caller import Caller
from cds_service.deliver.evidence import Asked, content
from cds_service.evaluate.findings import Findings
from cds_service.evaluate.outcome import Advise
from cds_service.render.cards import card_uuid


class Told(Protocol):
    """The memory of what orders' cards have said."""

    key: bytes

    def said_at_order(self, claims: Iterable[bytes]) -> frozenset[bytes]:
        """Those that a card of an order said a short while ago; none when that cannot be said."""


def claims_of(findings: Findings, call: HookCall, caller: Caller, key: bytes) -> dict[str, tuple[bytes, ...]]:
    """By the uuid of a card, the keyed hashes of what it says, with the lines that it carries. None for a user without
    an id."""
    if not call.user_id.strip():
        return {}
    asked = Asked(call, caller, key)
    made: dict[str, tuple[bytes, ...]] = {}
    for finding in findings.all:
        if not isinstance(finding.outcome, Advise):
            continue
        carried = (advice for other, advice in findings.carried(finding) if not other.folded_into)
        said = {name: it for advice in (finding.outcome, *carried) for name, it in advice.claims.items()}
        if said:
            name = str(card_uuid(call.hook_instance, finding.code, finding.subject.key))
            made[name] = tuple(asked.digest("claim", claim, content(evidence)) for claim, evidence in said.items())
    return made


def unsaid(findings: Findings, call: HookCall, caller: Caller, told: Told) -> Findings:
    """The findings of an opened chart with those marked that an order's card has just said."""
    if not any(advice.claims for _, advice in findings.advice):
        return findings
    claims = claims_of(findings, call, caller, told.key)
    may = {
        name: own
        for finding, advice in findings.advice
        if advice.claims and advice.indicator != URGENCY[-1] and not findings.carried(finding)
        and (own := claims.get(name := str(card_uuid(call.hook_instance, finding.code, finding.subject.key))))
    }  # fmt: skip
    said = told.said_at_order({each for own in may.values() for each in own}) if may else frozenset()
    gone = {name for name, own in may.items() if said.issuperset(own)}
    return findings.said_at_order(
        {f.code for f, _ in findings.advice if str(card_uuid(call.hook_instance, f.code, f.subject.key)) in gone}
    )
