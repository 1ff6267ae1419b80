"""The language of a response: Accept-Language (zh or en), else the configured default."""

from __future__ import annotations

from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header


def choose_language(header: str | None, default: str) -> str:
    """``zh-CN`` or ``en``: the most wanted of the header that we have, any region of it; else ``default``."""
    accepted: LanguageAccept = parse_accept_header(header, LanguageAccept)
    for wanted, quality in accepted:
        if quality <= 0:
            continue
        language = wanted.lower().split("-")[0]
        if language == "zh":
            return "zh-CN"
        if language == "en":
            return "en"
    return default
