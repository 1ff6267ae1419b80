"""Mutants of functions: mutmut's operators on our source, each put in place by exchanging a function's code.

mutmut's own run leaves decorated functions alone, which are all our rules, and starts pytest anew for every mutant.
Only its operators are used, on code without decorators, and a mutant's code object takes the place of the
function's own, so that whoever holds the function (a ``Rule`` does) runs the mutant.
"""

from __future__ import annotations

import ast
import difflib
import importlib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FunctionType
from typing import Any

import libcst as cst
from mutmut.mutation.file_mutation import create_mutations, deep_replace

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Mutant:
    """``function``: dotted, within ``module``. ``change``: the lines removed and added, marked ``- `` and ``+ ``.
    ``source``: of the changed function alone. ``lines``: of the module, those removed; ``body``: the function's."""

    module: str
    function: str
    change: str
    source: str
    lines: tuple[int, ...]
    body: range

    @property
    def name(self) -> str:
        return f"{self.module}:{self.function}"


class _Bare(cst.CSTTransformer):
    """Takes the decorators off functions."""

    def leave_FunctionDef(self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef) -> cst.FunctionDef:  # noqa: N802
        return updated_node.with_changes(decorators=[])


def mutants_of(path: Path) -> Iterator[Mutant]:
    """Every mutant of a module's functions and methods. ``path``: relative to the repository."""
    text = (ROOT / path).read_text(encoding="utf-8")
    bodies = dict(_bodies(ast.parse(text).body))
    tree, mutations, _, _ = create_mutations(str(path), cst.parse_module(text).visit(_Bare()).code)
    names = dict(_functions(tree.body))
    module = ".".join(path.with_suffix("").parts)
    seen = set()
    for mutation in mutations:
        within = mutation.contained_by_top_level_function
        if within not in names:
            continue
        before, after = (
            _code(tree, it) for it in (within, deep_replace(within, mutation.original_node, mutation.mutated_node))
        )
        name = names[within]
        if after != before and (name, after) not in seen:
            seen.add((name, after))
            change, lines = _change(before, after)
            # A method comes without the indentation of its class.
            source = textwrap.indent(after, "    ") if "." in name else after
            yield Mutant(module, name, change, source, tuple(bodies[name].start + at for at in lines), bodies[name])


def _code(tree: cst.Module, function: Any) -> str:
    return tree.code_for_node(function.with_changes(leading_lines=[]))


def _functions(body: Any, prefix: str = "") -> Iterator[tuple[cst.FunctionDef, str]]:
    for node in body:
        if isinstance(node, cst.FunctionDef):
            yield node, prefix + node.name.value
        elif isinstance(node, cst.ClassDef):
            yield from _functions(node.body.body, f"{node.name.value}.")


def _bodies(body: list[ast.stmt], prefix: str = "") -> Iterator[tuple[str, range]]:
    """The lines of every function, from its ``def`` on."""
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield prefix + node.name, range(node.lineno, (node.end_lineno or node.lineno) + 1)
        elif isinstance(node, ast.ClassDef):
            yield from _bodies(node.body, f"{node.name}.")


def _change(before: str, after: str) -> tuple[str, list[int]]:
    """The change as it is printed, and which lines of the function it removes, from 0."""
    old, new = before.splitlines(), after.splitlines()
    said: list[str] = []
    lines: list[int] = []
    for kind, start, end, first, last in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if kind != "equal":
            said += [f"- {line.strip()}" for line in old[start:end]] + [f"+ {line.strip()}" for line in new[first:last]]
            lines += range(start, end)
    return "\n".join(said), lines


def put_in_place(mutant: Mutant) -> None:
    """From now on this process runs the mutant."""
    held = function_of(mutant)
    space: dict[str, Any] = dict(vars(importlib.import_module(mutant.module)))
    *classes, name = mutant.function.split(".")
    source = f"class {classes[0]}:\n{mutant.source}" if classes else mutant.source
    exec(compile(source, mutant.module, "exec"), space)  # our own source, changed
    new = _plain(vars(space[classes[0]])[name] if classes else space[name])
    held.__code__, held.__defaults__, held.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__


def function_of(mutant: Mutant) -> FunctionType:
    """The function as the product holds it."""
    first, *rest = mutant.function.split(".")
    found = vars(importlib.import_module(mutant.module))[first]
    for name in rest:
        found = vars(found)[name]
    return _plain(found)


def _plain(found: Any) -> FunctionType:
    # A rule and a chapter of facts are objects that hold their function, and so are properties and class methods.
    for holder in ("function", "func", "fget", "__func__", "__wrapped__"):
        held = getattr(found, holder, None)
        if isinstance(held, FunctionType):
            return held
    assert isinstance(found, FunctionType), f"{found} holds no plain function"
    return found
