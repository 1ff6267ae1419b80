"""The workbench as files: every situation, the knowledge and the API in both languages. It opens from disk."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cds_service import fixtures
from cds_service.base.kinds import LANGUAGES, LanguageTag
from cds_service.call.problems import CallProblem
from cds_service.caller import DEFAULTS
from cds_service.edition import Edition
from cds_service.workbench.api import endpoints, served
from cds_service.workbench.desk import Desk, Wish
from cds_service.workbench.knowledge import Shelf
from cds_service.workbench.links import FileLinks
from cds_service.workbench.page import page
from cds_service.workbench.problem import of_outcome
from cds_service.workbench.situations import Listed, catalogue
from cds_service.workbench.trying import FIRST, drawn

STATIC = Path(__file__).parent / "static"
# Where an example calls the service: the address the documents use.
_ADDRESS = "http://127.0.0.1:8000"


def export_site(edition: Edition, folder: Path, document: Mapping[str, Any], *, strips: bool = True) -> int:
    """Write the site into ``folder`` (made, else overwritten) and return how many pages it has. ``document``: OpenAPI;
    ``strips``: with where each answer changes, which takes most of the time."""
    (folder / "static").mkdir(parents=True, exist_ok=True)
    for name in ("bench.css", "icon.svg"):
        shutil.copyfile(STATIC / name, folder / "static" / name)
    written, desk = 0, Desk(edition, DEFAULTS)
    for tag in LANGUAGES:
        for path, text in _pages(edition, desk, tag, document, strips=strips):
            file = folder / tag / f"{path}.html"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            written += 1
    door = page("door.html.j2", edition, FileLinks(LANGUAGES[0], 0, "try"))
    (folder / "index.html").write_text(door, encoding="utf-8")
    return written + 1


def _pages(
    edition: Edition, desk: Desk, tag: LanguageTag, document: Mapping[str, Any], *, strips: bool
) -> Iterator[tuple[str, str]]:
    """Path below the language, without its ending, and text of every page."""
    shelf, active = Shelf(edition), edition.recommendations
    yield "try", page("index.html.j2", edition, FileLinks(tag, 0, "try"), found=catalogue())
    for each in catalogue():
        yield f"try/{each.name}", _situation(edition, desk, each, tag, strips=strips)
    links = FileLinks(tag, 0, "knowledge")
    yield "knowledge", page("knowledge.html.j2", edition, links, shelves=shelf.services(tag))
    registry = edition.knowledge.guideline.registry
    links = FileLinks(tag, 1, "knowledge/guideline")
    yield "knowledge/guideline", page("guideline.html.j2", edition, links, registry=registry, active=active)
    for topic in active:
        links = FileLinks(tag, 1, f"knowledge/{topic}")
        yield f"knowledge/{topic}", page("topic.html.j2", edition, links, it=shelf.topic(topic, tag))
    values = {"services": tuple(served(edition, tag)), "endpoints": tuple(endpoints(document))}
    links = FileLinks(tag, 0, "api")
    yield "api", page("api.html.j2", edition, links, **values, example=FIRST, address=_ADDRESS)


def _situation(edition: Edition, desk: Desk, each: Listed, tag: LanguageTag, *, strips: bool) -> str:
    links, wish = FileLinks(tag, 1, f"try/{each.name}"), Wish(tag, each.name)
    laid, view, told, problem = None, None, None, None
    try:
        laid = desk.lay(wish, fixtures.load(each.name).at)
        view = desk.view(laid)
        told = desk.strips(laid) if strips else ()
    except CallProblem:
        # It is meant to be refused; in which words stands in its response.
        problem = of_outcome(each.status, fixtures.load(each.name).response)
    values = drawn(laid, wish)
    return page("try.html.j2", edition, links, **values, view=view, problem=problem, strips=told)
