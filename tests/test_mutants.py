"""The mutation run changes what it says it changes: a mutant that is no Python would seem killed without any test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

CHANGES = Path(__file__).parent / "mutants" / "changes.py"


@pytest.fixture(scope="module")
def changes() -> Iterator[ModuleType]:
    pytest.importorskip("mutmut")
    spec = importlib.util.spec_from_file_location("mutants_changes", CHANGES)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look for it there
    try:
        spec.loader.exec_module(module)
        yield module
    finally:
        del sys.modules[spec.name]


@pytest.mark.parametrize("module", ["conferences", "against", "allergies"])
def test_every_mutant_of_a_function_a_method_and_a_property_is_put_in_place(changes: ModuleType, module: str) -> None:
    made = list(changes.mutants_of(Path(f"cds_service/facts/{module}.py")))
    assert made
    for mutant in made:
        held = changes.function_of(mutant)
        before = held.__code__, held.__defaults__, held.__kwdefaults__
        try:
            changes.put_in_place(mutant)
            assert held.__code__ is not before[0], mutant.name
        finally:
            held.__code__, held.__defaults__, held.__kwdefaults__ = before


def test_methods_are_among_them(changes: ModuleType) -> None:
    names = {m.function for m in changes.mutants_of(Path("cds_service/facts/conferences.py"))}
    assert {"Conferences.last", "conferences", "explained"} <= names
