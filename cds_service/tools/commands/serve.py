"""``cds-service serve``, and what it says to whoever started it."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from cds_service import fixtures
from cds_service.base.complaints import StartFault
from cds_service.base.proxies import proxies_in
from cds_service.site.settings import Settings


@click.command()
def serve() -> None:
    """Start the server (HOST, PORT, WORKERS, THREADS and CDS_* from the environment)."""
    from cds_service.web import serve as server
    from cds_service.web.app import load_app
    from cds_service.web.start import settings_of

    try:
        settings = settings_of(os.environ).keyed()
        for line in ignored(os.environ):
            click.echo(line, err=True)
        server.serve(lambda: load_app(settings), settings, lambda address: _greet(address, settings))
    except StartFault as error:
        raise click.ClickException(str(error)) from None


def ignored(environ: Mapping[str, str]) -> Iterator[str]:
    """What of the environment is not followed, and would be looked for in vain."""
    if names := proxies_in(environ):
        said = ", ".join(names)
        yield f"{said}: not used; FHIR and key servers are asked directly, so this machine must reach them itself"


def _greet(address: str, settings: Settings) -> None:
    from cds_service.web.workbench import is_on

    # In production a service manager reads the log, which has the address.
    if settings.profile == "development":
        for line in greeting(address, os.environ, workbench=is_on(settings)):
            click.echo(line, err=True)


def greeting(address: str, environ: Mapping[str, str], *, workbench: bool) -> Iterator[str]:
    """The address, the page where it is on, and a call to paste into a second terminal."""
    story = fixtures.load(fixtures.SHOWN).story
    # A proxy of the environment would be asked for this machine's own address.
    direct = "--noproxy '*' " if proxies_in(environ) else ""
    yield ""
    yield f"Ready: {address}/cds-services   (Ctrl-C stops it)"
    if workbench:
        yield f"The page: {reached(address)}/"
    yield "A first card, in a second terminal:"
    yield ""
    yield f"  {command()} fixture {fixtures.SHOWN} \\"
    yield f"    | curl -s {direct}{reached(address)}/cds-services/{story.service} \\"
    yield "      -H 'Content-Type: application/json' --data-binary @-"
    yield ""


def reached(address: str) -> str:
    """The address as this machine reaches it: nobody calls 0.0.0.0."""
    return address.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def command() -> str:
    """This program, as it was started: ``cds-service``, or the module where only that is there."""
    if Path(sys.argv[0]).name != "__main__.py":
        return shlex.quote(_short(sys.argv[0]))
    return f"{shlex.quote(_short(sys.executable))} -m cds_service"


def _short(path: str) -> str:
    """Relative where it lies below the working directory."""
    try:
        return str(Path(path).absolute().relative_to(Path.cwd()))
    except ValueError:
        return path
