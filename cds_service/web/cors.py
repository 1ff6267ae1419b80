"""CORS for the configured origins only; credentials are never allowed."""

from __future__ import annotations

from flask import Flask, Response, request

from cds_service.site.settings import Settings


def cross_origin(app: Flask, settings: Settings) -> None:
    """Answer the browser's question whether a page of another origin may ask; without origins, never."""
    origins = settings.cors_origins
    if not origins:
        return

    @app.after_request
    def allow(response: Response) -> Response:
        origin = request.headers.get("Origin")
        response.headers.add("Vary", "Origin")
        if origin in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Methods"] = "GET, POST"
            response.headers["Access-Control-Allow-Headers"] = "Authorization, Content-Type, Accept-Language"
            response.headers["Access-Control-Max-Age"] = "600"
        return response
