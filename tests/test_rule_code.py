"""What the code may not hold: clinical numbers, sentences, Chinese text; and what rules may read."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "cds_service"
RULES = [*sorted((SOURCE / "rules").glob("*.py")), SOURCE / "evaluate" / "alike.py"]
MAY_IMPORT = {
    "collections.abc", "datetime", "fractions", "cds_service.base.kinds", "cds_service.knowledge.model",
    "__future__", "cds_service.evaluate.alike", "cds_service.evaluate.outcome", "cds_service.evaluate.several",
    "cds_service.evaluate.triggers",
    *(f"cds_service.facts.{chapter}" for chapter in (
        "facts", "subjects", "results", "renal", "clearances", "creatinine", "calcium", "diagnoses", "treatment",
        "procedures", "patient", "pain", "analgesics", "opioids", "distress", "function", "skeleton", "sites",
        "activities", "response", "bma_options", "events", "instability",
    )),
}  # fmt: skip
# Spellings that occur in orders and records are recognised, not shown.
READS_CHINESE = {
    "facts/bone_texts.py",
    "facts/bounded.py",
    "facts/infusion.py",
    "facts/dose_text.py",
    "facts/fraction_text.py",
    "facts/function.py",
    "facts/intervals.py",
    "facts/narrative.py",
    "facts/purpose.py",
    "facts/range_text.py",
    "facts/sites.py",
    "facts/sizes.py",
    "facts/strengths.py",
    "facts/tokens.py",
    "knowledge/wording.py",
    "knowledge/words.py",
}
CHINESE = re.compile(r"[\u3000-\u9fff\uff00-\uffef]")
KEY = re.compile(r"[A-Za-z0-9_-]*")


def _constants(path: Path) -> Iterator[ast.Constant]:
    """Every literal of a module but its docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, holders) and node.body and isinstance(node.body[0], ast.Expr)
    }
    yield from (n for n in ast.walk(tree) if isinstance(n, ast.Constant) and id(n) not in docstrings)


@pytest.mark.parametrize("path", RULES, ids=lambda p: p.name)
def test_a_rule_reads_only_facts_and_parameters(path: Path) -> None:
    imported = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or ".")
    assert imported <= MAY_IMPORT


@pytest.mark.parametrize("path", RULES, ids=lambda p: p.name)
def test_a_rule_holds_no_clinical_number(path: Path) -> None:
    numbers = {c.value for c in _constants(path) if isinstance(c.value, int | float | complex)}
    # Counting and indexing; True and False are 1 and 0 as well.
    assert numbers <= {0, 1}


@pytest.mark.parametrize("path", RULES, ids=lambda p: p.name)
def test_a_rule_holds_keys_and_no_sentence(path: Path) -> None:
    assert all(KEY.fullmatch(c.value) for c in _constants(path) if isinstance(c.value, str))


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=lambda p: p.relative_to(SOURCE).as_posix())
def test_no_chinese_sentence_stands_in_python(path: Path) -> None:
    if path.relative_to(SOURCE).as_posix() not in READS_CHINESE:
        assert not [c.value for c in _constants(path) if isinstance(c.value, str) and CHINESE.search(c.value)]


def test_the_modules_that_read_chinese_are_needed() -> None:
    for name in READS_CHINESE:
        assert any(isinstance(c.value, str) and CHINESE.search(c.value) for c in _constants(SOURCE / name))
