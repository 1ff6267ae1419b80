"""``make docs``: the pages open from disk without a network, and every link of theirs leads somewhere.

Sphinx has refused links between documents that lead nowhere; this looks at what came out: pages, files, places on a
page, the workbench beside them, and that nothing is loaded from elsewhere.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# What the nav leads to; a page that is gone from it is missed by its name.
PAGES = (
    "README", "deploy/docs/no-card", "deploy/docs/workbench", "deploy/patient-story",
    "deploy/epic", "deploy/docs/oracle", "deploy/docs/sandbox", "deploy/docs/thin-fhir",
    "deploy/clients", "deploy/README", "deploy/docs/safety", "deploy/conformance",
    "deploy/burden", "deploy/docs/review",
)  # fmt: skip
LOADED = {("script", "src"), ("img", "src"), ("link", "href"), ("iframe", "src"), ("source", "src")}


class Page(HTMLParser):
    """What a page leads to (``links``), what it loads, and the places on it that can be led to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.places: set[str] = {"", "top"}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if not value:
                continue
            if (tag, name) in LOADED:
                self.loaded.append(value)
            elif name == "href":
                self.links.append(value)
            elif name in ("id", "name"):
                self.places.add(value)


@cache
def page(path: Path) -> Page:
    return Page(path.read_text(encoding="utf-8"))


def faults(folder: Path) -> Iterator[str]:
    """What is wrong with the documentation in ``folder``; pages of the workbench are looked at by its own journeys."""
    for name in PAGES:
        if not (folder / f"{name}.html").is_file():
            yield f"{name}.html is not there"
    for path in sorted(folder.rglob("*.html")):
        if path.is_relative_to(folder / "workbench"):
            continue
        shown = path.relative_to(folder)
        for address in page(path).loaded:
            if urlsplit(address).scheme not in ("", "data") or urlsplit(address).netloc:
                yield f"{shown} loads {address}"
        for address in [*page(path).links, *page(path).loaded]:
            if not _leads(path, address, folder):
                yield f"{shown} leads to {address}, which is not there"


def _leads(path: Path, address: str, folder: Path) -> bool:
    parts = urlsplit(address)
    if parts.scheme or parts.netloc:
        return True
    target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
    if not target.is_file() or not target.is_relative_to(folder):
        return False
    return target.suffix != ".html" or not parts.fragment or unquote(parts.fragment) in page(target).places


def main() -> int:
    folder = Path(sys.argv[1]).resolve()
    found = list(faults(folder))
    for fault in found:
        print(f"FAILED  {fault}")
    pages = sum(1 for _ in folder.rglob("*.html"))
    print(f"{pages} pages, {len(found)} faults; open {folder / 'index.html'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
