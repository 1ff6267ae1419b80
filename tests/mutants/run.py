"""Mutation testing of the rules and of the facts doses rest on: ``make mutants``. See README.md beside this file."""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import os
import re
import sys
import time
import tomllib
from collections import Counter
from pathlib import Path

import pytest
from changes import ROOT, Mutant, mutants_of
from trial import Trial

LEAST = 95  # percent killed, of all
RESULTS = ROOT / "build" / "mutants.jsonl"  # a line for each mutant tried, as it is decided
README = Path(__file__).with_name("README.md")
BLOCK = re.compile(r"```diff\n(?P<name>[\w.:]+)\n(?P<changes>.*?)\n```", re.DOTALL)
CHANGE = re.compile(r"(?:^- .*\n?)+(?:^\+ .*\n?)*", re.MULTILINE)
TESTS = [
    "tests/facts",
    "tests/rules",
    "tests/test_cases.py",
    "tests/test_suggestions.py",
    "tests/test_rule_data.py",
    "tests/test_answers.py",
    "tests/test_resources.py",
    "tests/test_fixtures.py",
    "tests/test_explained_facts.py",
    "tests/test_told.py",
    "tests/test_explain.py",
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


def digest(mutant: Mutant) -> str:
    return hashlib.sha256(f"{mutant.name}\n{mutant.source}".encode()).hexdigest()[:16]


def remembered(path: Path) -> dict[str, bool | None]:
    """What an earlier run, broken off or of another part, decided."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {it["mutant"]: it["dead"] for it in map(json.loads, lines)}


def arguments(given: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="parts of the paths of the modules to change; all of them without")
    parser.add_argument("--part", default="1/1", help="of so many parts, the one to try here: 1/2")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin no mutant after so many")
    parser.add_argument(
        "--resume",
        action="store_true",
        help=f"keep what {RESULTS} holds: the dead stay dead, survivors are tried again",
    )
    parser.add_argument("--table", action="store_true", help=f"try nothing: print what {RESULTS} holds")
    return parser.parse_args(given)


def main(given: list[str]) -> int:
    os.chdir(ROOT)  # mutmut reads pyproject.toml of the working directory
    asked = arguments(given)
    part, parts = map(int, asked.part.split("/"))
    stop = time.monotonic() + 60 * asked.minutes
    chosen = [path for path in targets() if not asked.only or any(o in str(path) for o in asked.only)]
    mutants = {digest(m): m for path in chosen for m in mutants_of(path)}
    RESULTS.parent.mkdir(exist_ok=True)
    if not (asked.resume or asked.table):
        RESULTS.unlink(missing_ok=True)
    known = remembered(RESULTS)
    mine = [key for at, key in enumerate(mutants) if at % parts == part - 1 and not known.get(key)]
    if mine and not asked.table and (why := tried({key: mutants[key] for key in mine}, stop)):
        print(why)
        return 1
    return report(mutants, remembered(RESULTS))


def tried(mutants: dict[str, Mutant], stop: float) -> str:
    """Tries mutants and writes down what became of each. Gives why none was tried; nothing where some were."""
    keys = {mutant: key for key, mutant in mutants.items()}
    done: Counter[bool | None] = Counter()
    with RESULTS.open("a", encoding="utf-8", buffering=1) as file:

        def note(mutant: Mutant, dead: bool | None, killer: str) -> None:
            print(json.dumps({"mutant": keys[mutant], "of": mutant.name, "dead": dead, "by": killer}), file=file)
            done[dead] += 1
            if done.total() % 100 == 0:
                print(f"\n{done.total()} of {len(mutants)}: {dict(done)}", end="", flush=True)

        trial = Trial(list(mutants.values()), note, stop)
        # -s: a fork has no use for captured output, and the table is printed as it comes. Plain assertions: nobody
        # reads what they say, and the product (it brings a plugin of pytest) is imported already: no rewriting.
        status = pytest.main(
            ["-s", "-qqq", "--tb=no", "--assert=plain", "-p", "no:cacheprovider", *TESTS], plugins=[trial]
        )
    if trial.failed:
        return "\n  ".join(["the tests fail without any mutant:", *trial.failed])
    if done.total():
        return ""
    if time.monotonic() > stop:
        return "nothing was tried: the minutes were over before the first mutant"
    return f"nothing was tried: pytest ended with {status}"


def report(mutants: dict[str, Mutant], known: dict[str, bool | None]) -> int:
    """Prints the table of what was tried, and the survivors that README.md does not know: to be judged, no failure."""
    met = [m for key, m in mutants.items() if key in known]
    survivors = [m for key, m in mutants.items() if known.get(key, True) is not True]
    open_ = sum(known[key] is None for key in mutants if key in known)
    print(f"\n{len(met)} of {len(mutants)} mutants were tried; {open_} of the survivors met only the quick tests")
    if not met:
        return 1
    enough, reasoned = table(met, survivors), listed()
    found = {(m.name, change) for m in survivors for change in changes(m.change)}
    modules = {m.module for m in met}
    stale = {(name, change) for name, change in reasoned - found if name.partition(":")[0] in modules}
    show(f"not listed in {README.relative_to(ROOT)}", found - reasoned)
    show(f"listed in {README.relative_to(ROOT)}, but no survivor any more", stale)
    if not enough:
        print(f"\nbelow {LEAST} %")
    return int(not enough or len(met) < len(mutants))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
