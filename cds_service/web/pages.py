"""The views of the workbench: a wish read from query or form, a page or its data given back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from cds_service import workbench as room
from cds_service.base.kinds import LanguageTag
from cds_service.call.problems import CallProblem
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.report import lines
from cds_service.report.words import Words, plain
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.web.comparing import asked, strips_of
from cds_service.web.language import choose_language
from cds_service.web.outcomes import Json, of_problem
from cds_service.web.patient import Brought, brought
from cds_service.web.servers import ServersOf
from cds_service.web.taking import situation
from cds_service.workbench.api import endpoints, served
from cds_service.workbench.contents import Contents
from cds_service.workbench.desk import Desk, Laid, Wish
from cds_service.workbench.knowledge import Shelf
from cds_service.workbench.links import Links
from cds_service.workbench.page import page
from cds_service.workbench.problem import Problem, of_outcome
from cds_service.workbench.recorded import DAYS, numbers
from cds_service.workbench.situations import Wanted, listed
from cds_service.workbench.trial import LOOKS, Look
from cds_service.workbench.trying import FIRST, Firing, chooser, drawn

View = Callable[..., ResponseReturnValue]
STATIC = {"bench.css": "text/css", "bench.js": "text/javascript", "icon.svg": "image/svg+xml"}
MOST_COMPARED = 200
_KNOB = "k."
_LOOKS: Mapping[str, Look] = {look: look for look in LOOKS}


def _state(laid: Laid | None) -> tuple[tuple[str, str], ...]:
    """What may stand in an address: the name of a shipped situation, and numbers."""
    if laid is None or laid.situation is None:
        return ()
    moved = ((f"{_KNOB}{key}", f"{value:f}") for key, value in laid.values.items())
    return (("situation", laid.situation.name), *moved)


class Pages:
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
        self._defaults = defaults = Defaults(settings.default_language, settings.fhir_version)
        self._edition, self._settings, self._clock, self._memory = edition, settings, clock, memory
        self._desk, self._shelf = Desk(edition, defaults), Shelf(edition)
        self._document, self._services, self._servers = document, tuple(served(edition)), servers
        self._contents = Contents(edition, settings, defaults)
        folder = Path(room.__file__).parent / "static"
        self._files = {name: (folder / name).read_bytes() for name in STATIC}

    def routes(self) -> Iterator[tuple[str, str, list[str], View]]:
        """Name, path, methods and view."""
        get, post = ["GET"], ["POST"]
        yield "try", "try", get + post, self.show_try
        yield "try-data", "try.json", get + post, lambda: self.show_try(data=True)
        yield "answer", "try/answer", post, lambda: self.part("answer.html.j2")
        yield "strips", "try/strips", post, lambda: self.part("strips.html.j2")
        yield "request", "try/request", post, self.request
        yield "save", "try/save", post, self.save
        yield "fired", "try/fired", post, self.fired
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

    # Try

    def show_try(self, *, data: bool = False) -> ResponseReturnValue:
        """The page, or what it shows as data: situation, knobs, cards, explanation, problem."""
        wish, load = self._brought(self._wish())
        shown: dict[str, Any] = {"load": load}
        laid, shown["view"], shown["problem"] = self._answered(wish)
        missing = shown["problem"] is not None and shown["problem"].word == "problem-situation"
        told = self._desk.strips(laid) if laid and request.values.get("strips") else None
        if data:
            return self._json({**shown, "strips": told}, 404 if missing else 200)
        wanted = Wanted(*(request.args.get(name, "") for name in ("q", "topic", "dialect", "language", "service")))
        links = Links(self._tag, 0, "try", _state(laid))
        shown |= drawn(laid, wish) | chooser(self._edition, self._tag, wanted)
        opened = missing or "choose" in request.args
        return self._page("try.html.j2", links, 404 if missing else 200, **shown, strips=told, opened=opened)

    def part(self, template: str) -> ResponseReturnValue:
        """What changes when a number moves."""
        wish = self._wish()
        if template == "strips.html.j2":
            laid = self._laid(wish)[0]
            return self._page(
                template,
                Links(self._tag),
                strips=self._desk.strips(laid) if laid else (),
                situation=laid.situation if laid else None,
            )
        _, view, problem = self._answered(wish)
        return self._page(template, Links(self._tag), view=view, problem=problem)

    def request(self) -> ResponseReturnValue:
        """The request that stands on the page, to be sent for real."""
        laid, problem = self._laid(self._wish())
        if laid is None:
            return self._json({"problem": problem})
        return Response(self._desk.fired(laid, self._clock()), content_type="application/json")

    def save(self) -> ResponseReturnValue:
        """What stands on the page as files to take away."""
        laid, problem = self._laid(self._wish())
        made = situation(self._edition, laid, self._defaults) if laid else problem
        return made if isinstance(made, Response) else self._page("problem.html.j2", Links(self._tag, 1), problem=made)

    def fired(self) -> ResponseReturnValue:
        """The cards of a real call, drawn; what is drawn came from this service, by way of the page."""
        found = Firing.read(
            request.form.get("status", ""), request.form.get("ms", ""), request.form.get("response", "")
        )
        if found is None:
            abort(400)
        return self._page("fired.html.j2", Links(self._tag), **found.values, service=request.form.get("service", ""))

    def _wish(self) -> Wish:
        # Numbers, names, and one request: what a call may hold, the form may.
        request.max_form_memory_size = self._settings.max_body_bytes
        given = request.form if request.method == "POST" else request.args
        text = given.get("text") if request.method == "POST" else None
        numbers_ = {key.removeprefix(_KNOB): value for key, value in given.items() if key.startswith(_KNOB)}
        look = _LOOKS.get(given.get("look", ""), "generic")
        order, service = given.get("order", ""), given.get("service", "")
        return Wish(self._tag, given.get("situation") or order or FIRST, text, service, look, numbers_, order)

    def _brought(self, wish: Wish) -> tuple[Wish, Brought]:
        """The wish with the patient in it that its form loads from a FHIR server, and what became of it."""
        most = self._settings.max_body_bytes
        it = brought(self._edition, self._servers, wish.order or wish.situation, self._clock(), most)
        return (replace(wish, text=it.loaded.text) if it.loaded else wish), it

    def _laid(self, wish: Wish) -> tuple[Laid | None, Problem | None]:
        try:
            return self._desk.lay(wish, self._clock()), None
        except CallProblem as problem:
            return None, of_outcome(*of_problem(problem))
        except FileNotFoundError:
            return None, Problem(404, "problem-situation")

    def _answered(self, wish: Wish) -> tuple[Laid | None, Any, Problem | None]:
        laid, problem = self._laid(wish)
        if laid is None:
            return None, None, problem
        try:
            return laid, self._desk.view(laid), None
        except CallProblem as refused:
            return laid, None, of_outcome(*of_problem(refused))

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
        if data:
            return self._json({"services": self._services, "endpoints": tuple(endpoints(self._document()))})
        return self._page(
            "api.html.j2",
            Links(self._tag, 0, "api"),
            services=self._services,
            endpoints=tuple(endpoints(self._document())),
            example=FIRST,
            address=self._settings.public_url or request.host_url.rstrip("/"),
        )

    def static(self, name: str) -> ResponseReturnValue:
        """One of the files a page loads."""
        if name not in STATIC:
            abort(404)
        return Response(self._files[name], content_type=f"{STATIC[name]}; charset=utf-8")

    # What every view needs

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
