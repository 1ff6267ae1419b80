"""The routes of the workbench (``cds_service.workbench``): where it is on, who may come in, and what is never kept.

A request that somebody pastes comes in the body of a form and goes back into the page it asked for: it is not stored,
not logged, and in no address. Forms of several parts are refused, for a large one would be put on disk.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable
from datetime import datetime
from urllib.parse import urlsplit

import orjson
from flask import Flask, Response, abort, g, request
from flask.typing import ResponseReturnValue

from cds_service.edition import Edition
from cds_service.site.settings import Settings
from cds_service.store.memory import Memory
from cds_service.web.outcomes import Json, answer_json, issue, outcome
from cds_service.web.servers import ServersOf

ROOT = "/workbench"
FIRST = f"{ROOT}/try"
# Nothing inline, nothing from elsewhere, and in nobody's frame.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}
FORM = "application/x-www-form-urlencoded"


def is_on(settings: Settings) -> bool:
    """On in development and off in production, unless the setting says otherwise."""
    return settings.workbench == "on" or (settings.workbench == "development" and settings.profile == "development")


def workbench(
    app: Flask,
    edition: Edition,
    settings: Settings,
    clock: Callable[[], datetime],
    memory: Memory | None,
    document: Callable[[], Json],
    servers: ServersOf,
) -> None:
    """The pages, where they are on; nothing of them is imported where they are off.

    ``document`` makes that of OpenAPI; ``servers``: where patients may be read, as for calls.
    """
    if not is_on(settings):
        return
    from cds_service.web.pages import Pages  # noqa: PLC0415

    pages = Pages(edition, settings, clock, memory, document, servers)
    own = _own_names(settings)

    @app.before_request
    def admit() -> ResponseReturnValue | None:
        if request.path == "/" and request.method in ("GET", "HEAD") and _browses():
            return Response(status=303, headers={"Location": FIRST.removeprefix("/"), "Vary": "Accept"})
        if not request.path.startswith(f"{ROOT}/"):
            return None
        # No other site may ask, so nobody needs a preflight; and it comes without a token: it would tell what is here.
        if request.method == "OPTIONS":
            abort(404)
        g.workbench = True
        return _foreign_name(own) or _foreign_page() or _other_form()

    @app.after_request
    def protect(response: Response) -> Response:
        # Not on what the gate has refused: that looks the same at every address.
        if "workbench" in g:
            response.headers.update(HEADERS)
        return response

    for name, path, methods, view in pages.routes():
        app.add_url_rule(f"{ROOT}/{path}", f"workbench-{name}", view, methods=methods)


def _browses() -> bool:
    """Whether a person asks: a browser names HTML, a client of the service does not."""
    return "text/html" in {kind for kind, quality in request.accept_mimetypes if quality > 0}


def _own_names(settings: Settings) -> frozenset[str]:
    public = urlsplit(settings.public_url).hostname if settings.public_url else None
    return frozenset(filter(None, ("localhost", settings.host.lower(), socket.gethostname().lower(), public)))


def _foreign_name(own: frozenset[str]) -> Response | None:
    """Refuses a name that is not this server's: a page elsewhere may have had its name lead here (DNS rebinding). An
    address is no name."""
    try:
        host = urlsplit(f"//{request.host}").hostname or ""
        ipaddress.ip_address(host)
    except ValueError:
        if host not in own and not host.endswith(".localhost"):
            return _refused(421, "The workbench answers to the name of this server only (CDS_PUBLIC_URL, HOST).")
    return None


def _foreign_page() -> Response | None:
    """Refuses what another site's page sends. A browser always says so; a client without the header is no page."""
    if request.method in ("GET", "HEAD"):
        return None
    if request.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
        return _refused(403, "The workbench takes forms of its own pages only.")
    return None


def _other_form() -> Response | None:
    if request.method == "POST" and request.mimetype != FORM:
        return _refused(415, f"Send the form as {FORM}.")
    return None


def _refused(status: int, text: str) -> Response:
    return answer_json(status, orjson.dumps(outcome(issue("forbidden", text))))
