"""Mutants of functions: mutmut's operators on our source, each put in place by exchanging a function's code.

mutmut's own run leaves decorated functions alone, which are all our rules, and starts pytest anew for every mutant.
Only its operators are used, on code without decorators, and a mutant's code object takes the place of the
function's own, so that whoever holds the function (a ``Rule`` does) runs the mutant.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import libcst as cst
from mutmut.mutation.file_mutation import create_mutations, deep_replace

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """``function``: dotted, within ``module``. ``change``: the lines removed and added, marked ``- `` and ``+ ``."""

    module: str
    function: str
    change: str
    source: str

    @property
    def name(self) -> str:
        return f"{self.module}:{self.function}"


class _Bare(cst.CSTTransformer):
    """Takes the decorators off functions."""

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:  # noqa: N802
        return updated_node.with_changes(decorators=[])


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module's functions and methods. ``path``: relative to the repository."""
    bare = cst.parse_module((ROOT / path).read_text(encoding="utf-8")).visit(_Bare()).code
    tree, mutations, _, _ = create_mutations(str(path), bare)
    names = dict(_functions(tree.body))
    module = ".".join(path.with_suffix("").parts)
    seen = set()
    for mutation in mutations:
        within = mutation.contained_by_top_level_function
        source = deep_replace(tree, mutation.original_node, mutation.mutated_node).code
        if within in names and source not in seen:
            seen.add(source)
            yield Mutant(module, names[within], _change(bare, source), source)


def _functions(body: Any, prefix: str = "") -> Iterator[tuple[cst.FunctionDef, str]]:
    for node in body:
        if isinstance(node, cst.FunctionDef):
            yield node, prefix + node.name.value
        elif isinstance(node, cst.ClassDef):
            yield from _functions(node.body.body, f"{node.name.value}.")


def _change(before: str, after: str) -> str:
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm=""))[2:]
    return "\n".join(f"{line[0]} {line[1:].strip()}" for line in lines if not line.startswith("@@"))


def codes_of(mutants: list[Mutant]) -> dict[CodeType, str]:
    """The code now run of every function that has mutants, and its name."""
    return {_function(m.module, m.function).__code__: m.name for m in mutants}


def put_in_place(mutant: Mutant) -> None:
    """From now on this process runs the mutant."""
    space: dict[str, Any] = {"__name__": mutant.module}
    exec(compile(mutant.source, mutant.module, "exec"), space)  # our own source, changed
    old, new = _function(mutant.module, mutant.function), _within(space, mutant.function)
    old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__


def _function(module: str, dotted: str) -> FunctionType:
    return _within(vars(importlib.import_module(module)), dotted)


def _within(space: dict[str, Any], dotted: str) -> FunctionType:
    first, *rest = dotted.split(".")
    found = space[first]
    for name in rest:
        found = vars(found)[name]
    # A rule is an object that holds its function, and so is a chapter of facts.
    held = getattr(found, "function", None) or getattr(found, "func", found)
    assert isinstance(held, FunctionType), f"{dotted} holds no plain function"
    return held
