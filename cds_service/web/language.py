"""The language a caller asks for by Accept-Language: zh or en."""

from __future__ import annotations

from functools import lru_cache

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from cds_service.base.kinds import LanguageTag, language_tag

# Browsers send under 200 characters; nobody reads a book of languages.
LONGEST = 1_000


def choose_language(header: str | None) -> LanguageTag | None:
    """``zh-CN`` or ``en``: the most wanted of the header that we have, any region of it; None: it names neither."""
    return None if not header or len(header) > LONGEST else _chosen(header)


@lru_cache(maxsize=256)
def _chosen(header: str) -> LanguageTag | None:
    """Browsers send few different ones."""
    accepted: LanguageAccept = parse_accept_header(header, LanguageAccept)
    for wanted, quality in accepted:
        if quality <= 0:
            continue
        if tag := language_tag(wanted):
            return tag
    return None
