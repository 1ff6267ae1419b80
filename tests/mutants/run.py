"""Mutation testing of the rules and of the facts doses rest on: ``make mutants``. See README.md beside this file."""

from __future__ import annotations

import os
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from changes import ROOT, Mutant, mutants_of
from trial import Trial

LEAST = 95  # percent killed, of all
README = Path(__file__).with_name("README.md")
BLOCK = re.compile(r"```diff\n(?P<name>[\w.:]+)\n(?P<changes>.*?)\n```", re.DOTALL)
CHANGE = re.compile(r"(?:^- .*\n?)+(?:^\+ .*\n?)*", re.MULTILINE)
TESTS = [
    "tests/facts",
    "tests/test_cases.py",
    "tests/test_answers.py",
    "tests/test_resources.py",
    "tests/test_fixtures.py",
]


def targets() -> list[Path]:
    """The modules to change, from ``[tool.mutmut]``, relative to the repository."""
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutmut"]["only_mutate"]
    return [path.relative_to(ROOT) for pattern in patterns for path in sorted(ROOT.glob(pattern))]


def listed() -> set[tuple[str, str]]:
    """The survivors README.md gives a reason for, as (name, change): the blocks of a section that begins with prose."""
    sections = README.read_text(encoding="utf-8").split("\n### ")[1:]
    reasoned = [s for s in sections if s.partition("\n")[2].partition("```")[0].strip()]
    blocks = [block for section in reasoned for block in BLOCK.finditer(section)]
    return {(block["name"], change) for block in blocks for change in changes(block["changes"])}


def changes(text: str) -> list[str]:
    """A text taken apart into changes, each of lines removed and the lines put in their place."""
    return [change.strip() for change in CHANGE.findall(text)]


def table(mutants: list[Mutant], survivors: list[Mutant]) -> bool:
    """Prints a line per module; whether all together reach the rate."""
    made, alive = Counter(m.module for m in mutants), Counter(m.module for m in survivors)
    width = max(map(len, made))
    print(f"\n{'module':{width}} mutants  killed survived   rate")
    for module, count in [*made.items(), ("all", made.total())]:
        lived = alive.total() if module == "all" else alive[module]
        print(f"{module:{width}} {count:7} {count - lived:7} {lived:8} {100 * (count - lived) / count:5.1f} %")
    return 100 * alive.total() <= (100 - LEAST) * made.total()


def show(heading: str, found: set[tuple[str, str]]) -> None:
    """Prints changes as README.md lists them."""
    for name in sorted({name for name, _ in found}):
        print(f"\n{heading}:\n```diff\n{name}", *sorted(c for n, c in found if n == name), "```", sep="\n")


def main(only: list[str]) -> int:
    """``only``: parts of the names of the modules to change; all of them when there are none."""
    os.chdir(ROOT)  # mutmut reads pyproject.toml of the working directory
    mutants = [m for path in targets() if not only or any(o in path.stem for o in only) for m in mutants_of(path)]
    survivors: list[Mutant] = []
    done: Counter[bool] = Counter()

    def tried(mutant: Mutant, dead: bool) -> None:
        done[dead] += 1
        if not dead:
            survivors.append(mutant)
        if done.total() % 100 == 0:
            print(f"\n{done.total()} of {len(mutants)}, {done[False]} survived", end="", flush=True)

    trial = Trial(mutants, tried)
    # -s: a fork has no use for captured output, and the table is printed as it comes.
    status = pytest.main(["-s", "-qqq", "--tb=no", "-p", "no:cacheprovider", *TESTS], plugins=[trial])
    if trial.failed or not done.total():
        print(f"the tests fail without any mutant ({status}):", *trial.failed, sep="\n  ")
        return 1
    enough, known = table(mutants, survivors), listed()
    found = {(m.name, change) for m in survivors for change in changes(m.change)}
    modules = {m.module for m in mutants}
    stale = {(name, change) for name, change in known - found if name.partition(":")[0] in modules}
    show(f"not listed in {README.relative_to(ROOT)}", found - known)
    show(f"listed in {README.relative_to(ROOT)}, but no survivor any more", stale)
    if not enough:
        print(f"\nbelow {LEAST} %")
    return int(not enough or bool(found - known))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
