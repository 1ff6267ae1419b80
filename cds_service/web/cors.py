"""CORS for the configured origins, and in development for pages of this machine; credentials are never allowed."""

from __future__ import annotations

import re

from flask import Flask, Response, request

from cds_service.site.settings import Settings

# Where a developer's own client is served: the loopback addresses and their name (RFC 6761), on any port.
_THIS_MACHINE = re.compile(r"https?://(localhost|127\.0\.0\.1|\[::1\])(:[0-9]{1,5})?")


def cross_origin(app: Flask, settings: Settings) -> None:
    """Answer the browser's question whether a page of another origin may ask.

    In production without configured origins: never.
    """
    origins, at_home = settings.cors_origins, settings.profile == "development"
    if not origins and not at_home:
        return

    @app.after_request
    def allow(response: Response) -> Response:
        origin = request.headers.get("Origin", "")
        response.headers.add("Vary", "Origin")
        if origin in origins or (at_home and _THIS_MACHINE.fullmatch(origin)):
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Accept-Language"
            response.headers["Access-Control-Max-Age"] = "600"
        return response
