"""A request body asked by command: through the same line as HTTP, by nobody in particular."""

from __future__ import annotations

from datetime import datetime

from cds_service.answer import Answer, answer
from cds_service.base.kinds import LanguageTag
from cds_service.call.hook import read_hook
from cds_service.call.problems import UnknownService
from cds_service.caller import DEFAULTS, Defaults, settle
from cds_service.edition import Edition
from cds_service.fetch.obtain import Servers
from cds_service.trust.gate import ANYBODY, Identity


def answer_body(
    edition: Edition,
    service_id: str,
    body: bytes,
    now: datetime,
    language: LanguageTag | None = None,
    defaults: Defaults = DEFAULTS,
    *,
    who: Identity = ANYBODY,
    servers: Servers | None = None,
) -> Answer:
    """Answer a request body at the moment ``now`` (aware). ``servers`` may complete it; None: prefetch only.

    Raises the problems of ``call.problems``.
    """
    service = edition.service(service_id)
    if service is None:
        raise UnknownService(edition.service_ids)
    call = read_hook(body, service.id, service.hooks)
    caller = settle(edition.site, who, call, now.date(), language, defaults)
    return answer(edition, caller, call, now, servers.source(call) if servers else None)
