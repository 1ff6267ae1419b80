"""How much of what stands in charts is recognised, and how little is mistaken."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.terminology import Terminology
from cds_service.tools.cli import main
from cds_service.tools.names import Read, Wordings, measure, summary

FILE = Path(__file__).with_name("wordings.yaml")
LEAST_RECOGNISED, MOST_FALSE = 0.97, 0.01


@cache
def read() -> tuple[Read, ...]:
    return tuple(measure(Terminology.load(content_root() / "codelists"), load_as(FILE, Wordings)))


def test_the_wordings_of_charts_are_recognised_and_few_are_mistaken() -> None:
    wrong = [one.line() for one in read() if not one.right]
    assert len(read()) > 1_000
    assert 1 - len(wrong) / len(read()) >= LEAST_RECOGNISED, wrong
    assert sum(bool(one.false) for one in read()) / len(read()) <= MOST_FALSE, wrong


def test_no_domain_hides_behind_the_others() -> None:
    every, wrong = Counter(one.domain for one in read()), Counter(one.domain for one in read() if not one.right)
    assert {domain for domain, number in every.items() if wrong[domain] > number * 0.05} == set()


def named(tmp_path: Path, name: str, text: str) -> str:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return CliRunner().invoke(main, ["names", str(tmp_path / name)]).output


def test_the_command_says_what_each_wording_means_and_sums_up(tmp_path: Path) -> None:
    text = "condition:\n  lung-cancer+bone-metastasis?: [右肺癌 骨转移不除外, 骨转移]\n  '-': [肺结核, 肺癌]\n"
    assert named(tmp_path, "some.yaml", text).splitlines() == [
        "condition\t右肺癌 骨转移不除外\tlung-cancer; bone-metastasis (suspected)",
        "condition\t骨转移\tbone-metastasis\tmissed: lung-cancer\tfalse: bone-metastasis",
        "condition\t肺结核\t-",
        "condition\t肺癌\tlung-cancer\tfalse: lung-cancer",
        "4 wordings, 2 recognised (50.0 %), 2 false (50.0 %)",
    ]


def test_lines_of_text_are_read_in_every_domain(tmp_path: Path) -> None:
    lines = named(tmp_path, "some.txt", "FH: lung cancer\n\n唑来膦酸 4mg\nnothing of ours\n").splitlines()
    assert lines == ["condition\tFH: lung cancer\tlung-cancer (relative)", "drug\t唑来膦酸 4mg\tzoledronic-acid"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("some.yaml", "conditions:\n  lung-cancer: [肺癌]\n", "unknown domain conditions"),
        ("some.yaml", "condition: [肺癌]\n", "some.yaml"),
    ],
)
def test_a_file_that_expects_nothing_readable_is_refused(tmp_path: Path, name: str, text: str, said: str) -> None:
    assert said in named(tmp_path, name, text)


def test_no_wordings_are_no_failure() -> None:
    assert summary([]) == "0 wordings, 0 recognised (0.0 %), 0 false (0.0 %)"
