"""The views of the page Try: a wish read from query or form, laid out, answered, saved, or sent for real."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import Response, abort, request
from flask.typing import ResponseReturnValue

from cds_service.call.problems import CallProblem
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.web.drawing import Drawing
from cds_service.web.outcomes import of_problem
from cds_service.web.patient import Brought, brought
from cds_service.web.servers import ServersOf
from cds_service.web.taking import situation
from cds_service.workbench.desk import Desk, Laid, Wish
from cds_service.workbench.links import Links
from cds_service.workbench.problem import Problem, of_outcome
from cds_service.workbench.situations import Wanted
from cds_service.workbench.trial import LOOKS, Look
from cds_service.workbench.trying import FIRST, Firing, chooser, drawn

View = Callable[..., ResponseReturnValue]
Route = tuple[str, str, list[str], View]
_KNOB = "k."
_LOOKS: Mapping[str, Look] = {look: look for look in LOOKS}


def _state(laid: Laid | None) -> tuple[tuple[str, str], ...]:
    """What may stand in an address: the name of a shipped situation, and numbers."""
    if laid is None or laid.situation is None:
        return ()
    moved = ((f"{_KNOB}{key}", f"{value:f}") for key, value in laid.values.items())
    return (("situation", laid.situation.name), *moved)


class TryViews(Drawing):
    """Try, of one edition. ``servers``: where patients may be read."""

    def __init__(self, edition: Edition, settings: Settings, clock: Callable[[], datetime], servers: ServersOf) -> None:
        super().__init__(edition, settings)
        self._defaults = defaults = Defaults(settings.default_language, settings.fhir_version)
        self._clock, self._servers, self._desk = clock, servers, Desk(edition, defaults)

    def routes(self) -> Iterator[Route]:
        """Name, path, methods and view."""
        get, post = ["GET"], ["POST"]
        yield "try", "try", get + post, self.show_try
        yield "try-data", "try.json", get + post, lambda: self.show_try(data=True)
        yield "answer", "try/answer", post, lambda: self.part("answer.html.j2")
        yield "strips", "try/strips", post, lambda: self.part("strips.html.j2")
        yield "request", "try/request", post, self.request
        yield "save", "try/save", post, self.save
        yield "fired", "try/fired", post, self.fired

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
