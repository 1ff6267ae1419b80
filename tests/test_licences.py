"""NOTICE names every package that is installed beside this one, with its licence, and says which are copyleft.

``python tests/test_licences.py`` rewrites the list from what is installed; read what changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTICE = ROOT / "NOTICE"
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==\S+(?: ; (.+?))? \\$", re.MULTILINE)
_LISTED = re.compile(r"^  - ([a-z0-9.-]+): (.+)$", re.MULTILINE)
COPYLEFT = re.compile(r"GPL|MPL|Mozilla|EPL|CDDL|EUPL|OSL")


def locked() -> dict[str, bool]:
    """Package -> whether it is for every platform."""
    found = _LOCKED.findall((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    return {name: not marker for name, marker in found}


def licence(name: str) -> str | None:
    """What the installed package says of its licence; None: it is not installed here."""
    try:
        said = metadata(name)
    except PackageNotFoundError:
        return None
    classifiers = [c.rpartition(" :: ")[2] for c in said.get_all("Classifier") or () if c.startswith("License :: OSI")]
    text = said.get("License") or ""
    return said.get("License-Expression") or (text if text and "\n" not in text else " OR ".join(classifiers))


def listed() -> dict[str, str]:
    return dict(_LISTED.findall(NOTICE.read_text(encoding="utf-8")))


def copyleft(names: dict[str, str]) -> set[str]:
    return {name for name, said in names.items() if COPYLEFT.search(said)}


def test_every_locked_package_is_listed_and_no_other() -> None:
    assert set(listed()) == set(locked())


@pytest.mark.parametrize("name", sorted(locked()))
def test_the_licence_is_what_the_package_says(name: str) -> None:
    said = licence(name)
    if said is None:
        assert not locked()[name], "it is for every platform, and not installed"
    else:
        assert said
        assert listed()[name] == said


def test_what_is_copyleft_is_named_with_what_that_means() -> None:
    text = NOTICE.read_text(encoding="utf-8")
    part = text.partition("Copyleft among them")[2].partition("\n\n")[0]
    found = copyleft(listed())
    assert {"psycopg", "pygal", "certifi", "orjson"} <= found, "the pattern finds nothing any more"
    assert {name for name in listed() if re.search(rf"\b{re.escape(name)}\b(?!-)", part)} == found


def _lines() -> Iterator[str]:
    known = listed()
    for name in sorted(locked()):
        yield f"  - {name}: {licence(name) or known.get(name, '?')}"


def rewrite() -> None:
    head, _, rest = NOTICE.read_text(encoding="utf-8").partition("  - ")
    tail = rest[rest.rindex("\n  - ") :].split("\n", 2)[2] if "\n  - " in rest else rest
    NOTICE.write_text(head + "\n".join(_lines()) + "\n" + tail, encoding="utf-8")


if __name__ == "__main__":
    rewrite()
