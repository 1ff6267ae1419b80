"""The check of the built documentation (``make docs``) sees what it is there for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.acceptance.docs_run import PAGES, faults

ROOT = Path(__file__).parents[1]
BESIDE = "README.html"


def built(folder: Path, body: str) -> list[str]:
    """The faults of a documentation whose first page holds ``body``."""
    for name in (*PAGES, "workbench/index"):
        path = folder / f"{name}.html"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("<h1 id='place'>A page</h1>", encoding="utf-8")
    (folder / BESIDE).write_text(body, encoding="utf-8")
    return list(faults(folder))


def test_links_that_lead_somewhere_are_no_faults(tmp_path: Path) -> None:
    body = (
        "<h2 id='here'>H</h2><a href='#here'>h</a><a href='deploy/README.html#place'>d</a>"
        "<a href='workbench/index.html'>w</a><a href='https://example.org/'>e</a><img src='data:image/png;base64,AA'>"
    )
    assert built(tmp_path, body) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<a href='gone.html'>g</a>", "leads to gone.html"),
        ("<a href='deploy/README.html#gone'>g</a>", "leads to deploy/README.html#gone"),
        ("<a href='#gone'>g</a>", "leads to #gone"),
        ("<a href='deploy/'>a folder opens no page from disk</a>", "leads to deploy/"),
        ("<a href='../outside.html'>o</a>", "leads to ../outside.html"),
        ("<img src='gone.png'>", "leads to gone.png"),
        ("<script src='https://cdn.example.org/a.js'></script>", "loads https://cdn.example.org/a.js"),
        ("<link rel='stylesheet' href='//fonts.example.org/a.css'>", "loads //fonts.example.org/a.css"),
    ],
)
def test_what_is_wrong_is_named_with_its_page(tmp_path: Path, body: str, said: str) -> None:
    (tmp_path.parent / "outside.html").write_text("", encoding="utf-8")
    found = built(tmp_path, body)
    assert found
    assert f"{BESIDE} {said}" in found[0]


def test_a_page_that_is_gone_is_missed(tmp_path: Path) -> None:
    built(tmp_path, "")
    (tmp_path / "deploy" / "epic.html").unlink()
    assert list(faults(tmp_path)) == ["deploy/epic.html is not there"]


def test_every_document_is_in_the_nav() -> None:
    """As Sphinx says when the documentation is built, told here without it."""
    nav = (ROOT / "deploy" / "docs" / "index.md").read_text(encoding="utf-8")
    named = set(re.findall(r"<(/?[\w/-]+)>", nav))
    folders = ("deploy", "fhir_fixtures")
    ours = {f"/{path.stem}" for path in ROOT.glob("*.md")}
    ours |= {f"/{folder}/{path.stem}" for folder in folders for path in (ROOT / folder).glob("*.md")}
    ours |= {path.stem for path in (ROOT / "deploy" / "docs").glob("*.md")} - {"index"}
    assert ours - named == set()


def test_the_pictures_are_those_of_the_five_pages_and_small() -> None:
    """A clone carries them for ever; `make pictures` makes them anew."""
    folder = ROOT / "deploy" / "docs" / "pictures"
    names = {
        f"{page}-en-{width}.png" for page in ("try", "knowledge", "compare", "report", "api") for width in (1280, 390)
    }
    assert {path.name for path in folder.iterdir()} == names
    assert sum(path.stat().st_size for path in folder.iterdir()) < 1_500_000
