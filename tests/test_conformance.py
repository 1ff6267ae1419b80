"""deploy/conformance.md names tests that exist; what CDS Hooks asks of a response holds for all that are shipped."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl

import pytest

from cds_service import fixtures
from cds_service.edition import Edition
from cds_service.web.discovery import discovery
from tests.build import Json

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "deploy" / "conformance.md").read_text(encoding="utf-8")
ROWS = [line.split(" | ") for line in PAGE.splitlines() if re.match(r"\| (both|2\.0\.1|3\.0) \|", line)]
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)))


# The page


@pytest.mark.parametrize(("file", "name"), NAMED, ids=[name for _, name in NAMED])
def test_a_test_that_the_page_names_exists(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_requirement_names_a_test() -> None:
    assert len(ROWS) > 30
    assert [row for row in ROWS if len(row) != 5 or "`tests/" not in row[4]] == []


def test_nothing_else_that_looks_like_a_test_is_named() -> None:
    assert len(re.findall(r"\btest_\w+`", PAGE)) == len(re.findall(r"`tests/[\w/]+\.py::\w+`", PAGE))


# Every shipped response (that each is what the service answers: test_fixtures)


def cards() -> Iterator[Json]:
    for situation in fixtures.situations():
        yield from situation.response.get("cards", [])


def suggestions() -> Iterator[Json]:
    for card in cards():
        yield from card.get("suggestions", [])


def test_suggestions_say_how_many_may_be_chosen() -> None:
    suggesting = [card for card in cards() if "suggestions" in card]
    assert {card["selectionBehavior"] for card in suggesting} <= {"at-most-one", "any"}
    for card in suggesting:
        recommended = [s for s in card["suggestions"] if s.get("isRecommended")]
        assert len(recommended) <= 1 or card["selectionBehavior"] == "any"


def test_override_reasons_can_be_read() -> None:
    reasons = [reason for card in cards() for reason in card.get("overrideReasons", [])]
    assert reasons
    assert [reason for reason in reasons if not reason.get("display")] == []


def test_no_source_has_an_icon() -> None:
    assert [card for card in cards() if "icon" in card["source"] or not card["source"]["label"]] == []


def test_actions_hold_what_their_type_asks_for() -> None:
    actions = [action for suggestion in suggestions() for action in suggestion["actions"]]
    assert {action["type"] for action in actions} == {"create", "update", "delete"}
    for action in actions:
        assert action["description"]
        if action["type"] == "delete":
            assert re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]+", action["resourceId"])
        else:
            assert action["resource"]["resourceType"]


def test_what_a_client_might_not_support_is_not_sent() -> None:
    assert [s for s in suggestions() if "actionSelectionBehavior" in s] == []
    assert [s.name for s in fixtures.situations() if "systemActions" in s.response] == []


def test_extensions_are_objects_of_unique_names(edition: Edition) -> None:
    extensions = [card["extension"] for card in cards() if "extension" in card]
    assert extensions
    own = edition.knowledge.services.topic_system
    assert own.startswith("urn:uuid:")
    assert {name for extension in extensions for name in extension} == {f"{own}/folded"}


# Discovery


def test_discovery_gives_nothing_that_would_have_to_match(edition: Edition) -> None:
    for service in discovery(edition)["services"]:
        assert "hookVersion" not in service
        assert re.fullmatch(r"\d+\.\d+\.\d+", service["version"])


TOKENS = {"category", "code", "status"}
RESTRICTED = TOKENS | {"patient", "_count", "_sort"}


def test_prefetch_is_of_widely_supported_searches(edition: Edition) -> None:
    for service in discovery(edition)["services"]:
        for template in service["prefetch"].values():
            path, mark, query = template.partition("?")
            if not mark:
                assert re.fullmatch(r"[A-Z]\w+/\{\{context\.\w+\}\}", path)
                continue
            assert re.fullmatch(r"[A-Z]\w+", path)
            parameters = parse_qsl(query, strict_parsing=True)
            assert {name for name, _ in parameters} <= RESTRICTED, template
            assert ("patient", "{{context.patientId}}") in parameters
