"""The views of the workbench, each a page or its data: those of Try, and here knowledge, compare, report and API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from cds_service import workbench as room
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.report import lines
from cds_service.report.words import Words, plain
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.web.comparing import asked, strips_of
from cds_service.web.drawing import Drawing
from cds_service.web.outcomes import Json
from cds_service.web.servers import ServersOf
from cds_service.web.try_views import Route, TryViews
from cds_service.workbench.api import endpoints, served
from cds_service.workbench.contents import Contents
from cds_service.workbench.knowledge import Shelf
from cds_service.workbench.links import Links
from cds_service.workbench.recorded import DAYS, numbers
from cds_service.workbench.situations import listed
from cds_service.workbench.trying import FIRST

STATIC = {"bench.css": "text/css", "bench.js": "text/javascript", "icon.svg": "image/svg+xml"}
MOST_COMPARED = 200


class Pages(Drawing):
    """Every page of one edition. ``document``: makes that of OpenAPI; ``servers``: where patients may be read."""

    def __init__(
        self,
        edition: Edition,
        settings: Settings,
        clock: Callable[[], datetime],
        memory: Memory | None,
        document: Callable[[], Json],
        servers: ServersOf,
    ) -> None:
        super().__init__(edition, settings)
        self._try, self._shelf = TryViews(edition, settings, clock, servers), Shelf(edition)
        self._clock, self._memory = clock, memory
        self._document = document
        self._contents = Contents(edition, settings, Defaults(settings.default_language, settings.fhir_version))
        folder = Path(room.__file__).parent / "static"
        self._files = {name: (folder / name).read_bytes() for name in STATIC}

    def routes(self) -> Iterator[Route]:
        """Name, path, methods and view."""
        yield from self._try.routes()
        get, post = ["GET"], ["POST"]
        yield "knowledge", "knowledge", get, self.knowledge
        yield "knowledge-data", "knowledge.json", get, lambda: self.knowledge(data=True)
        yield "guideline", "knowledge/guideline", get, self.guideline
        yield "guideline-data", "knowledge/guideline.json", get, lambda: self.guideline(data=True)
        yield "topic", "knowledge/<topic>", get, self.topic
        yield "topic-data", "knowledge/<topic>.json", get, lambda topic: self.topic(topic, data=True)
        yield "compare", "compare", get + post, self.compare
        yield "compare-data", "compare.json", get + post, lambda: self.compare(data=True)
        yield "compare-strips", "compare/strips", get, self.compare_strips
        yield "compare-strips-data", "compare/strips.json", get, lambda: self.compare_strips(data=True)
        yield "report", "report", get, self.report
        yield "report-data", "report.json", get, lambda: self.report(data=True)
        yield "api", "api", get, self.api
        yield "api-data", "api.json", get, lambda: self.api(data=True)
        yield "static", "static/<name>", get, self.static

    # Knowledge

    def knowledge(self, *, data: bool = False) -> ResponseReturnValue:
        """The topics by service."""
        shelves = self._shelf.services(self._tag)
        if data:
            return self._json(shelves)
        return self._page("knowledge.html.j2", Links(self._tag, 0, "knowledge"), shelves=shelves)

    def guideline(self, *, data: bool = False) -> ResponseReturnValue:
        """The registry of the guideline."""
        registry = self._edition.knowledge.guideline.registry
        if data:
            return self._json(registry)
        links = Links(self._tag, 1, "knowledge/guideline")
        return self._page("guideline.html.j2", links, registry=registry, active=self._edition.recommendations)

    def topic(self, topic: str, *, data: bool = False) -> ResponseReturnValue:
        """One topic."""
        if not self._shelf.has(topic):
            return self._missing(1)
        it = self._shelf.topic(topic, self._tag)
        if data:
            return self._json(it)
        return self._page("topic.html.j2", Links(self._tag, 1, f"knowledge/{topic}"), it=it)

    # Compare, report, API

    def compare(self, *, data: bool = False) -> ResponseReturnValue:
        """The running content against a folder of the list, or a recording."""
        request.max_form_memory_size = self._settings.max_body_bytes
        try:
            found = asked(self._contents)
        except FileNotFoundError:
            return self._missing(0)
        if data:
            return self._json(found)
        return self._page("compare.html.j2", Links(self._tag, 0, "compare"), it=found, most=MOST_COMPARED)

    def compare_strips(self, *, data: bool = False) -> ResponseReturnValue:
        """Where the answer to one situation changes, in a folder's version and in the running one."""
        it, found = listed(request.args.get("situation", "")), strips_of(self._contents, self._tag, self._clock())
        if not found.named or it is None:
            return self._missing(1)
        if data:
            return self._json(found)
        links = Links(self._tag, 1, "compare/strips", (("situation", it.name), ("folder", found.folder)))
        return self._page("compare_strips.html.j2", links, it=found, situation=it)

    def report(self, *, data: bool = False) -> ResponseReturnValue:
        """How people react to the cards, from this server's database."""
        found = numbers(self._edition, self._memory.database if self._memory else None, self._clock())
        if data:
            return self._json(found)
        say = Words.read(self._edition, self._tag)
        values: dict[str, Any] = {
            "made": found.made,
            "why": found.why,
            "days": DAYS,
            "say": say,
            "lines": lines,
            "plain": plain,
        }
        links = Links(self._tag, 0, "report")
        return self._page("report.html.j2", links, **values, active=self._edition.recommendations)

    def api(self, *, data: bool = False) -> ResponseReturnValue:
        """How the service is called."""
        told = {
            "services": tuple(served(self._edition, self._tag)),
            "endpoints": tuple(endpoints(self._document())),
        }
        if data:
            return self._json(told)
        return self._page(
            "api.html.j2",
            Links(self._tag, 0, "api"),
            **told,
            example=FIRST,
            address=self._settings.public_url or request.host_url.rstrip("/"),
        )

    def static(self, name: str) -> ResponseReturnValue:
        """One of the files a page loads."""
        if name not in STATIC:
            abort(404)
        return Response(self._files[name], content_type=f"{STATIC[name]}; charset=utf-8")
