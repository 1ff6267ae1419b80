"""The invariants of the house that code could break without any answer changing (CONTRIBUTING, "a straight line")."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import cds_service

ROOT = Path(cds_service.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Every module a file imports, by full name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return found


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def importers(*prefixes: str) -> Iterator[Path]:
    """The modules that import anything below these names."""
    for path in MODULES:
        if any(name == p or name.startswith(f"{p}.") for name in imports(path) for p in prefixes):
            yield path.relative_to(ROOT)


def test_only_web_and_the_server_under_it_know_http() -> None:
    http = {str(p) for p in importers("flask", "werkzeug", "http", "waitress", "cds_service.web")}
    beside = {"serve.py", "worker.py", "cli.py"}
    assert {p for p in http if not p.startswith("web/")} <= beside


def test_only_record_and_facts_read_fhir_resources() -> None:
    known = {"hook.py", "bundles.py", "record.py", "validate.py"}
    assert {str(p) for p in importers("cds_service.fhir") if room(ROOT / p) not in ("facts", "fhir")} <= known


def test_fhir_resources_stays_off_the_hot_path() -> None:
    assert {str(p) for p in importers("fhir")} == {"validate.py"}


def test_only_render_makes_cards() -> None:
    allowed = {"answer.py", "content.py", "explain.py", "issued.py", "cli.py", "version.py", "validate.py"}
    users = {str(p) for p in importers("cds_service.render")}
    assert {p for p in users if not p.startswith(("render/", "review/", "site/", "web/"))} <= allowed


@pytest.mark.parametrize("package", ["facts", "rules", "guideline"])
def test_the_middle_knows_no_clock_no_network_and_no_chance(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        assert imports(path).isdisjoint({"time", "random", "secrets", "socket", "requests", "urllib.request", "os"}), (
            path
        )
        text = path.read_text(encoding="utf-8")
        assert ".now(" not in text, path
        assert ".today(" not in text, path


def test_no_module_has_grown_beyond_two_pages() -> None:
    assert [p.name for p in MODULES if p.stat().st_size > 14 * 1024] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [str(p) for p in MODULES if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))] == []
