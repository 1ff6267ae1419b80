"""How Sphinx builds the documentation: `make docs`.

The documents are those of the repository, where they stand; only what stands nowhere else is a page of this folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes

ROOT = Path(__file__).parents[2]

project = "cds_service"
VERSION = (ROOT / "cds_service" / "__init__.py").read_text(encoding="utf-8")
release = re.findall(r'^__version__ = "(.+)"', VERSION, re.MULTILINE)[0]
html_title = f"{project} {release}"
root_doc = "deploy/docs/index"
include_patterns = ["*.md", "deploy/**.md", "cards/**.md", "fhir_fixtures/README.md"]
exclude_patterns = ["**/.*", ".*", "build", "cds_service", "dist", "mutants", "node_modules", "tests", "var"]

extensions = ["myst_parser"]
myst_heading_anchors = 3
# Who reads the files at their host follows a link to a folder too; here its pages are listed on one.
FOLDERS = {"cards/review": "deploy/docs/review", "cards/decisions": "deploy/docs/decisions"}

html_theme = "furo"
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
# A summary would be fetched, which a browser refuses to a page from disk.
html_show_search_summary = False
html_additional_pages = {"index": "door.html"}
templates_path = ["templates"]
# JSON with dots left out is no JSON: shown as it is.
suppress_warnings = ["misc.highlighting_failure"]


def _folders(_app: Any, document: nodes.document) -> None:
    """A link to a folder leads to the page that lists it; any other that leads nowhere stays a fault."""
    for link in document.findall(addnodes.pending_xref):
        if page := FOLDERS.get(str(link["reftarget"]).strip("/")):
            link["refdomain"], link["reftarget"], link["reftargetid"] = "doc", page, None


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("doctree-read", _folders)
