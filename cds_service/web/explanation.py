"""``GET /explanation/{topic}``: how the rule of a topic works, for whoever follows the link of a card.

It holds nothing of any patient, so anybody may read it, and it needs no memory: a call's own numbers stand on its card.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field

import msgspec
import orjson
from flask import Flask, Response, request

from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.edition import Edition
from cds_service.render.explain.html import rule_html
from cds_service.render.explain.rules import rule_address, rule_page
from cds_service.site.settings import Settings
from cds_service.web.language import LONGEST, choose_language
from cds_service.web.outcomes import answer_json, issue, outcome

_HTML, _JSON = "text/html", "application/json"
# The page loads, runs and sends nothing, and no other page may frame it.
_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
# Longer than any topic will be: whoever asks so has not misspelt one.
_LONGEST_TOPIC = 100


@dataclass(frozen=True)
class _Shelf:
    """The pages of an edition, each made when it is first asked for: so many topics, languages and forms there are."""

    edition: Edition
    made: dict[tuple[str, LanguageTag, str], bytes] = field(default_factory=dict)

    def page(self, topic: str, tag: LanguageTag, kind: str) -> bytes:
        key = (topic, tag, kind)
        if key not in self.made:
            self.made[key] = self._make(*key)
        return self.made[key]

    def _make(self, topic: str, tag: LanguageTag, kind: str) -> bytes:
        teller = self.edition.teller(tag)
        page = rule_page(topic, teller)
        if kind == _JSON:
            return msgspec.json.encode(page)
        others: dict[str, str] = {other: f"?lang={other}" for other in LANGUAGES if other != tag}
        return rule_html(page, teller, others).encode()


def explanations(app: Flask, edition: Edition, settings: Settings) -> None:
    """The route. Language by ``?lang=``, else ``Accept-Language``, else the server's; HTML or JSON by ``Accept``."""
    shelf = _Shelf(edition)

    @app.get(rule_address("<topic>"))
    def explanation(topic: str) -> Response:
        if topic not in edition.recommendations:
            return answer_json(404, orjson.dumps(outcome(issue("not-found", _unknown(topic, edition)))))
        tag = _language() or settings.default_language
        kind = _kind()
        response = Response(shelf.page(topic, tag, kind), 200, content_type=_typed(kind))
        response.headers["Content-Language"] = tag
        response.headers["Vary"] = "Accept, Accept-Language"
        response.headers["Content-Security-Policy"] = _POLICY
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


def _language() -> LanguageTag | None:
    return choose_language(request.args.get("lang")) or choose_language(request.headers.get("Accept-Language"))


def _kind() -> str:
    header = request.headers.get("Accept", "")
    if len(header) > LONGEST:
        return _HTML
    return request.accept_mimetypes.best_match([_HTML, _JSON]) or _HTML


def _typed(kind: str) -> str:
    return f"{_HTML}; charset=utf-8" if kind == _HTML else _JSON


def _unknown(topic: str, edition: Edition) -> str:
    near = difflib.get_close_matches(topic, edition.recommendations, n=3) if len(topic) <= _LONGEST_TOPIC else []
    known = f"Near to it: {', '.join(near)}." if near else f"Topics here: {', '.join(edition.recommendations)}."
    return f"There is no such topic at this site. {known}"
