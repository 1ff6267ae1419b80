"""What documents say of the product is what the product is: counts, settings, commands, words."""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec
import pytest

from cds_service import __version__
from cds_service.base.kinds import NOT_EVALUATED
from cds_service.edition import Edition
from cds_service.site import model
from cds_service.site.settings import _GONE, VARIABLES, Settings
from cds_service.tools.cli import main

ROOT = Path(__file__).parents[1]
CODE = ROOT / "cds_service"


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_readme_counts_the_errata(edition: Edition) -> None:
    found = re.search(r"(\d+) misprints", text("cards/README.md"))
    assert found
    assert int(found[1]) == len(edition.knowledge.guideline.registry.errata)


def commands(group: click.Group, prefix: str = "") -> set[str]:
    found = set()
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        found |= commands(command, f"{prefix}{name} ") if isinstance(command, click.Group) else {f"{prefix}{name}"}
    return found


def test_every_command_is_in_the_documents() -> None:
    documents = "".join(p.read_text(encoding="utf-8") for p in [*ROOT.glob("*.md"), *(ROOT / "deploy").glob("*.md")])
    documents += text("cards/README.md") + text("fhir_fixtures/README.md")
    missing = {c for c in commands(main) if not re.search(rf"(?:cds[-_]service`?|`?make) {re.escape(c)}\b", documents)}
    assert missing == set()


def test_every_command_the_documents_show_is_there() -> None:
    there = {c.split()[0] for c in commands(main)}
    for name in ("README.md", "CONTRIBUTING.md", "deploy/README.md", "deploy/trust.md", "deploy/memory.md"):
        for shown in re.findall(r"(?:bin/cds-service|-m cds_service|`cds-service) ([a-z][a-z-]+)", text(name)):
            assert shown in there, f"{name}: {shown}"


def rows_of(document: str) -> dict[str, str]:
    """Setting -> default, of the table in a document."""
    return {m[1]: m[2].strip(" `") for m in re.finditer(r"^\| `([A-Z_]+)` \| ([^|]*) \|", document, re.MULTILINE)}


# What is meant where nothing is set and the code has no value.
MEANT = {"CDS_FHIR_VERSION": "auto", "CDS_SEAL_FILE": "cards/seal.yaml"}


def defaults() -> dict[str, str]:
    """Setting -> its default, as a document writes it."""
    return {name: written(name, getattr(Settings(), member)) for name, (member, _) in VARIABLES.items()}


def written(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value) if isinstance(value, int) or value else MEANT.get(name, "none")


def test_the_settings_table_is_that_of_the_code() -> None:
    assert rows_of(text("deploy/README.md")) == defaults()


def test_the_docstring_of_the_settings_is_that_of_the_code() -> None:
    """``0; production: 5``: what follows the semicolon is told in words elsewhere."""
    rows = re.findall(r"^ *``([A-Z_]+)`` +(\S+(?: \S+)*)  ", Settings.__doc__ or "", re.MULTILINE)
    assert {name: default.partition(";")[0].strip("()") for name, default in rows} == defaults()


@pytest.mark.parametrize("member", sorted(member for member, _ in VARIABLES.values()))
def test_every_setting_is_read_by_something(member: str) -> None:
    readers = [p for p in CODE.rglob("*.py") if p.name not in ("settings.py", "settings_values.py")]
    assert any(re.search(rf"settings\.{member}\b", p.read_text(encoding="utf-8")) for p in readers)


FILES = [
    each
    for each in vars(model).values()
    if isinstance(each, type) and issubclass(each, msgspec.Struct) and each.__module__ == model.__name__
]


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.__name__)
def test_every_member_of_the_site_file_is_read_by_something(file: type[msgspec.Struct]) -> None:
    code = "".join(p.read_text(encoding="utf-8") for p in CODE.rglob("*.py"))
    assert {m for m in file.__struct_fields__ if not re.search(rf"\.{m}\b", code)} == set()


def test_a_key_that_is_gone_is_not_there() -> None:
    assert not set(model.Site.GONE) & set(model.Site.__struct_fields__)
    assert not set(_GONE) & set(VARIABLES)


def test_the_changelog_has_room_for_what_comes() -> None:
    headings = re.findall(r"^## (.*)$", text("CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert [h for h in headings[1:] if not re.fullmatch(r"\d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)", h)] == []


def test_the_changelog_has_this_version() -> None:
    assert f"## {__version__} " in text("CHANGELOG.md")


def test_words_of_the_glossary_are_in_order_and_their_places_exist() -> None:
    rows = re.findall(r"^\| ([a-z ]+) \| (.*) \|$", text("GLOSSARY.md"), re.MULTILINE)
    names = [name for name, _ in rows if name != "word"]
    assert names == sorted(names)
    assert 20 <= len(names) <= 60
    for _, meaning in rows:
        for module, name in re.findall(r"`((?:[a-z_]+\.)+)([A-Z]\w+)`", meaning):
            path = CODE.joinpath(*module.strip(".").split(".")).with_suffix(".py")
            assert re.search(rf"^(class )?{name}\b", path.read_text(encoding="utf-8"), re.MULTILINE), f"{module}{name}"


def test_make_help_lists_what_contributing_names() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*##", text("Makefile"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)`", text("CONTRIBUTING.md") + text("README.md")))
    assert named <= targets


def test_no_card_of_what_was_not_evaluated_is_counted_away(edition: Edition) -> None:
    assert NOT_EVALUATED in edition.knowledge.guideline.recommendations
