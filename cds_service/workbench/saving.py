"""A request and its answer as a situation to take away: the files of one folder of ``fhir_fixtures/``, zipped.

Nothing is written here; who takes it writes title and story, and sees to it that nobody is named in it.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

import msgspec

from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.fixtures import Story
from cds_service.workbench.desk import Laid
from cds_service.workbench.documents import written
from cds_service.workbench.trial import answered
from cds_service.workbench.words import words_of

OWN = "own-request"


class Saved(msgspec.Struct, frozen=True):
    """``name``: of the folder, and of the file without its ending."""

    name: str
    archive: bytes


def saved(edition: Edition, laid: Laid, defaults: Defaults) -> Saved:
    """What stands on the page, as it stands. Raises the problems of ``call.problems``: what is refused is not saved."""
    trial, it, w = laid.trial, laid.situation, words_of(laid.trial.language)
    name, body = f"{it.name}-changed" if it else OWN, written(laid.turned)
    found = answered(edition, replace(trial, body=body), defaults)
    story = Story(
        title=w("save-title"),
        story=w("save-story"),
        at=trial.at.isoformat(),
        expect=w("save-expect"),
        service=trial.service,
        language=trial.language,
        dialect=it.dialect if it else found.caller.fhir_version,
        topics=[card.source.topic.code for card in found.response.cards],
    )
    files = {
        # JSON is YAML; each member a line, to be written anew by hand.
        "story.yaml": f"# {w('save-remind')}\n{_lines(story)}".encode(),
        "request.json": _readable(body),
        "response.json": _readable(msgspec.json.encode(found.response)),
    }
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, content in files.items():
            # No time of writing: the same page gives the same file.
            archive.writestr(zipfile.ZipInfo(f"{name}/{file}"), content, zipfile.ZIP_DEFLATED)
    return Saved(name, held.getvalue())


def _lines(story: Story) -> str:
    members = msgspec.to_builtins(story)
    return "".join(f"{member}: {msgspec.json.encode(value).decode()}\n" for member, value in members.items())


def _readable(raw: bytes) -> bytes:
    return msgspec.json.format(raw, indent=2) + b"\n"
