"""What every view of the workbench needs: the language asked for, and the answer as a page or as data."""

from __future__ import annotations

import msgspec
from flask import Response, request

from cds_service.base.kinds import LanguageTag
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.web.language import choose_language
from cds_service.workbench.links import Links
from cds_service.workbench.page import page
from cds_service.workbench.problem import Problem


class Drawing:
    """Draws pages of one edition for the request that is being answered."""

    def __init__(self, edition: Edition, settings: Settings) -> None:
        self._edition, self._settings = edition, settings

    @property
    def _tag(self) -> LanguageTag:
        asked = request.args.get("lang") or request.form.get("lang")
        return (
            choose_language(asked)
            or choose_language(request.headers.get("Accept-Language"))
            or self._settings.default_language
        )

    def _page(self, template: str, links: Links, code: int = 200, /, **values: object) -> Response:
        made = page(template, self._edition, links, **values)
        response = Response(made, code, content_type="text/html; charset=utf-8")
        response.headers["Content-Language"] = links.tag
        return response

    def _missing(self, depth: int) -> Response:
        return self._page("problem.html.j2", Links(self._tag, depth), 404, problem=Problem(404, "problem-page"))

    def _json(self, value: object, status: int = 200) -> Response:
        return Response(msgspec.json.encode(value), status, content_type="application/json")
