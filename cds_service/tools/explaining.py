"""An answer explained for a terminal or a file."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec

from cds_service.answer import Answer
from cds_service.edition import Edition
from cds_service.render.explain.html import explanation_page
from cds_service.render.explain.text import as_text
from cds_service.render.explain.whole import Asked, explanation


def explained_answer(edition: Edition, answered: Answer, at: datetime, view: str | None) -> Iterable[str]:
    """The lines of an explanation. ``view``: "json", "html", or None for text."""
    service, teller = answered.call.service, edition.teller(answered.caller.language)
    topics = edition.topics_of(service)
    asked = Asked(service, at, answered.subjects, answered.record, answered.findings, topics, answered.unmet)
    told = explanation(asked, teller)
    if view == "json":
        return (msgspec.json.format(msgspec.json.encode(told), indent=2).decode(),)
    if view == "html":
        return (explanation_page(told, teller),)
    return as_text(told, teller)
