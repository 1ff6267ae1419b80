"""The yardstick of the bench: Flask, ``orjson.loads`` and one static card, on the service's own WSGI server."""

from __future__ import annotations

import os

import orjson
from flask import Flask, Response, request

from cds_service.site.settings import Settings
from cds_service.web.serve import serve

CARD = orjson.dumps({"cards": [{"summary": "Static", "indicator": "info", "source": {"label": "Bench"}}]})


def create() -> Flask:
    app = Flask("bare")

    @app.post("/cds-services/<service_id>")
    def call(service_id: str) -> Response:
        orjson.loads(request.get_data(cache=False))
        return Response(CARD, content_type="application/json")

    return app


if __name__ == "__main__":
    serve(create, Settings.from_env(os.environ))
