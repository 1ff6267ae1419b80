"""The house of ``ARCHITECTURE.md``: imports run downward through its floors, and what code could break unseen."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cds_service

ROOT = Path(cds_service.__file__).parent
HOUSE = (ROOT.parent / "ARCHITECTURE.md").read_text(encoding="utf-8")
MODULES = sorted(ROOT.rglob("*.py"))
# Doors, not rooms: the package's version, ``python -m``, and revisions that Alembic runs by file name.
DOORS = {"__init__", "__main__"}


def floors() -> dict[str, int]:
    """Room -> floor, the lowest being 0, as the architecture lists them."""
    block = re.search(r"from the top floor down.*?```\n(.*?)```", HOUSE, re.DOTALL)
    assert block
    lines = block.group(1).strip().splitlines()
    return {
        name.removesuffix("/").removesuffix(".py"): len(lines) - n
        for n, line in enumerate(lines)
        for name in line.split()
    }


FLOORS = floors()


def imports(path: Path) -> set[str]:
    """Every module a file imports, by full name; ``from package import module`` names the module."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names if _is_module(node.module, alias.name)}
    return found


def _is_module(package: str, name: str) -> bool:
    if not f"{package}.".startswith("cds_service."):
        return False
    place = ROOT.joinpath(*package.split(".")[1:], name)
    return place.is_dir() or place.with_suffix(".py").is_file()


def room(path: Path) -> str:
    """``facts`` of ``facts/units.py``, ``answer`` of ``answer.py``."""
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def rooms_used(path: Path) -> Iterator[str]:
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "cds_service" and len(parts) > 1 and _is_module("cds_service", parts[1]):
            yield parts[1]


def test_every_room_stands_on_one_floor_of_the_house() -> None:
    assert {room(path) for path in MODULES} - DOORS == set(FLOORS)


def upward() -> list[str]:
    """Every import of a room that is not below."""
    return sorted(
        f"{path.relative_to(ROOT)} -> {used}"
        for path in MODULES
        if room(path) not in DOORS
        for used in set(rooms_used(path))
        if used != room(path) and FLOORS[used] >= FLOORS[room(path)]
    )


def test_a_room_imports_only_rooms_below_it() -> None:
    assert upward() == []


def test_an_import_upward_would_be_seen() -> None:
    """The test itself can fail: the floors differ, and the rooms of a known module are found."""
    assert FLOORS["tools"] > FLOORS["answer"] > FLOORS["facts"] > FLOORS["base"]
    assert {"facts", "render"} <= set(rooms_used(ROOT / "answer.py"))


def test_no_module_imports_itself_round_a_circle() -> None:
    graph = {_name(path): {n for n in imports(path) if n.startswith("cds_service.")} for path in MODULES}
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way, name))
        if name not in done:
            for used in sorted(graph.get(name, ())):
                visit(used, (*way, name))
            done.add(name)

    for name in graph:
        visit(name, ())


def _name(path: Path) -> str:
    return ".".join(("cds_service", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def importers(*prefixes: str) -> set[str]:
    """The rooms that import anything below these names."""
    return {
        room(path)
        for path in MODULES
        if any(name == p or name.startswith(f"{p}.") for name in imports(path) for p in prefixes)
    }


def test_only_web_knows_http() -> None:
    assert importers("flask", "werkzeug", "waitress") == {"web"}


def test_only_the_way_in_knows_fhir() -> None:
    """Structs of FHIR are read by call, record and facts, and judged by ``validate``."""
    assert importers("cds_service.fhir") <= {"fhir", "call", "record", "facts", "tools"}


def test_fhir_resources_stays_off_the_hot_path() -> None:
    assert importers("fhir") == {"tools"}


@pytest.mark.parametrize("room_name", ["facts", "rules", "knowledge", "evaluate", "record", "call"])
def test_the_middle_knows_no_clock_no_network_and_no_chance(room_name: str) -> None:
    for path in (ROOT / room_name).rglob("*.py"):
        assert imports(path).isdisjoint({"time", "random", "secrets", "socket", "requests", "urllib.request", "os"}), (
            path
        )
        text = path.read_text(encoding="utf-8")
        assert ".now(" not in text, path
        assert ".today(" not in text, path


def test_the_product_reads_nothing_of_its_tests() -> None:
    assert [str(p) for p in MODULES if '"tests"' in p.read_text(encoding="utf-8")] == []


def test_no_module_has_grown_beyond_two_pages() -> None:
    assert [p.name for p in MODULES if p.stat().st_size > 14 * 1024] == []


def test_every_module_says_what_it_is_for() -> None:
    assert [str(p) for p in MODULES if not ast.get_docstring(ast.parse(p.read_text(encoding="utf-8")))] == []
