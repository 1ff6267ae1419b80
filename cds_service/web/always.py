"""What stands on every answer, whoever makes it: the application, its error handlers, or the server below it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from flask import Flask

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# Answers are about one patient and this moment; and they are what their Content-Type says, whatever a browser guesses.
ALWAYS = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


def say_always(app: Flask, *headers: tuple[str, str]) -> None:
    """Put ``ALWAYS`` and ``headers`` on every answer. ``app.extensions["headers"]`` tells the server below."""
    said = [*ALWAYS, *headers]
    names = {name.lower() for name, _ in said}
    app.extensions["headers"] = said
    # Below Flask, not after_request: that is left out when a handler of an error fails.
    below = app.wsgi_app

    def through(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, given: list[tuple[str, str]], *failed: Any) -> Callable[[bytes], object]:
            return start_response(status, [h for h in given if h[0].lower() not in names] + said, *failed)

        return below(environ, start)

    app.wsgi_app = through  # type: ignore[method-assign]  # as Flask's documentation does
