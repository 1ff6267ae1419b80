"""A mistake in reviewed content stops the start, and the message says which file, which line, and what to write."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from cds_service.base import folders
from cds_service.base.complaints import ContentError, StartFault
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.load import Guideline
from cds_service.knowledge.model import Parameter, Recommendation
from tests.asked import faults_of, guideline_of

CARDS = folders.content_root()
DENTAL, RENAL = "recommendations/dental-exam-before-bma.yaml", "recommendations/bisphosphonate-renal-dose.yaml"
HOLD, REGISTRY = "recommendations/creatinine-rise-hold.yaml", "guideline.yaml"


@pytest.fixture
def cards(tmp_path: Path) -> Path:
    """A copy of the content the loader reads, to be broken."""
    for name in ("guideline.yaml", "drugs.yaml", "override-reasons.yaml"):
        shutil.copy(CARDS / name, tmp_path)
    shutil.copytree(CARDS / "recommendations", tmp_path / "recommendations")
    return tmp_path


@pytest.fixture(scope="module")
def guideline() -> Guideline:
    return guideline_of(CARDS)


# One mistake a line: file, the text it replaces, the mistake, (the line it is reported on contains), what, remedy.
MISTAKES = {
    "misspelt key": (
        DENTAL,
        "drug_safety: true",
        "drug_saftey: true",
        "drug_saftey",
        "unknown key 'drug_saftey'",
        "'drug_safety'",
    ),
    "misspelt deep key": (DENTAL, "    min: 30", "    mni: 30", "mni", "unknown key 'mni'", "'min'"),
    "key twice": (
        DENTAL,
        "    min: 30",
        "    min: 30\n    min: 31",
        "min: 31",
        "'min' stands twice",
        "keep one of them",
    ),
    "missing key": (DENTAL, "    unit: d\n", "", "value: 180", "'unit' is missing", "add unit:"),
    "unknown origin": (DENTAL, "origin: local", "origin: lokal", "lokal", "wrong value", "guideline, label, published"),
    "number as text": (DENTAL, "value: 180", "value: half a year", "half a year", "wrong value", "write a number"),
    "yes is no truth": (DENTAL, "drug_safety: true", "drug_safety: yes", "yes", "wrong value", "true or false"),
    "text as number": (DENTAL, "grade: 1B", "grade: 1", "grade: 1", "wrong value", "in quotes"),
    "broken YAML": (
        DENTAL,
        "  required: [conditions]",
        "  required: [conditions",
        "drug_safety",
        "not valid YAML",
        "indentation",
    ),
    "other file's topic": (
        DENTAL,
        "topic: dental-exam-before-bma",
        "topic: dental",
        "topic: dental",
        "not the file's name",
        "dental-exam",
    ),
    "unknown unit": (DENTAL, "unit: d", "unit: days", "unit: days", "unknown unit 'days'", "use one of: %, 1"),
    "outside bounds": (DENTAL, "value: 180", "value: 400", "value: 400", "outside min and max", "correct"),
    "local without bounds": (DENTAL, "    min: 30\n", "", "look_back:", "without min, max and note", "say why"),
    "grade not the source's": (DENTAL, "grade: 1B", "grade: 1A", "source:", "grade 1A is not that", "registry has 1B"),
    "grade on a label": (
        HOLD,
        "  kind: label",
        "  kind: label\n  grade: 1A",
        "source:",
        "label source has a grade",
        "remove",
    ),
    "grade without number": (
        RENAL,
        "  table: Table 2",
        "  table: Table 2\n  grade: 1A",
        "source:",
        "grade 1A is not",
        "none",
    ),
    "no quote": (RENAL, "  quote: ", "  # quote: ", "source:", "no quote", "reviewer"),
    "unknown section": (
        DENTAL,
        '["4.1.4.1"]',
        '["4.1.4.9"]',
        "source:",
        "§4.1.4.9 is not in the registry",
        "guideline.yaml",
    ),
    "one language only": (DENTAL, "    zh-CN: ", "    zh: ", "label:", "not in every language", "en, zh-CN"),
    "replaces nobody": (HOLD, "  risen: [bis", "  risen: [bos", "replaces", "unknown topic", "another topic's file"),
    "unknown reason": (
        DENTAL,
        "- action-completed",
        "- action-done",
        "override_reasons",
        "'action-done'",
        "override-reasons.yaml",
    ),
    "too many reasons": (
        DENTAL,
        "  - action-completed",
        "  - action-completed\n  - patient-refuses\n  - patient-ineligible",
        "override_reasons",
        "more than 6",
        "likeliest",
    ),
    "reason twice": (DENTAL, "- need-more-info", "- action-completed", "override_reasons", "one twice", "likeliest"),
    "no way to object": (
        DENTAL,
        "  - recipient-does-not-trust\n",
        "",
        "override_reasons",
        "does not say that the advice is wrong",
        "end with",
    ),
    "no rows": (
        RENAL,
        "      incadronate:\n",
        "      incadronate: []\n      clodronate:\n",
        "incadronate",
        "no rows",
        "copy",
    ),
    "overlapping rows": (RENAL, "below: 50\n", "below: 52\n", "40~49", "overlap", "highest clearance down"),
    "hole between rows": (RENAL, "below: 50\n", "below: 49\n", "40~49", "a hole between 49 and 50", "reading:"),
    "bound in both rows": (RENAL, "below: 40\n", "to: 40\n", "30~39", "both rows hold exactly 40", "one of the two"),
    "bound in no row": (
        RENAL,
        'printed: "<30"\n          to: 30',
        'printed: "<30"\n          below: 30',
        '"<30"',
        "no row holds exactly 30",
        "include",
    ),
    "two lower bounds": (
        RENAL,
        '{printed: ">60", above: 60',
        '{printed: ">60", above: 60, from: 60',
        ">60",
        "two lower bounds",
        "keep",
    ),
    "two upper bounds": (RENAL, "below: 50\n", "below: 50\n          to: 50\n", "40~49", "two upper bounds", "keep"),
    "dose or not": (RENAL, "above: 60, dose: 4.0", "above: 60", ">60", "neither a dose", "not_recommended"),
    "more at lower clearance": (RENAL, "dose: 3.3", "dose: 4.3", "40~49", "higher dose", "compare"),
    "nothing above": (RENAL, "above: 60, dose", "above: 60, to: 120, dose", ">60", "nothing above 120", "no_row"),
    "nothing below": (
        RENAL,
        'printed: "<30", below: 30, dose: 2.0',
        'printed: "<30", below: 30, from: 15, dose: 2.0',
        "2.0",
        "nothing below 15",
        "lowest",
    ),
    "declared gap elsewhere": (
        RENAL,
        "above: 80",
        "above: 90",
        "50~80",
        "no_row starts above 90",
        "to: of the first row",
    ),
    "gap without rows": (
        RENAL,
        "    no_row:\n",
        "    no_row:\n      clodronate: {above: 1, reading: none}\n",
        "rows:",
        "clodronate",
        "remove",
    ),
    "unknown drug": (RENAL, "      incadronate:\n", "      incadronat:\n", "incadronat", "unknown drug", "drugs.yaml"),
    "drug without its row": (
        "drugs.yaml",
        "  clodronate: {group: bisphosphonate",
        "  clodronate: {table_2: true, group: bisphosphonate",
        "clodronate",
        "contradicts",
        "correct",
    ),
    "statement twice": (REGISTRY, "- id: Rec. 2\n", "- id: Rec. 1\n", "Rec. 1", "stands twice", "keep one"),
    "statement to nowhere": (
        REGISTRY,
        "topics: [denosumab-dose]",
        "topics: [denosumab-doze]",
        "§4.1.2.1",
        "'denosumab-doze'",
        "recommendations/",
    ),
    "encoded without topic": (
        REGISTRY,
        "    topics: [denosumab-dose]\n",
        "",
        "§4.1.2.1",
        "does not go with its topics",
        "correct",
    ),
    "topic nobody cites": (
        REGISTRY,
        "[denosumab-hypocalcaemia, ",
        "[",
        "statements:",
        "no statement leads to denosumab-hyp",
        "section",
    ),
    "reason in one language": (
        "override-reasons.yaml",
        ", zh-CN: 已完成",
        "",
        "action-completed",
        "not in every language",
        "missing words",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_file_line_and_remedy(cards: Path, mistake: str) -> None:
    name, right, wrong, on_line, what, remedy = MISTAKES[mistake]
    file = cards / name
    text = file.read_text(encoding="utf-8")
    assert right in text, "the content changed: adapt the mistake"
    file.write_text(text.replace(right, wrong, 1), encoding="utf-8")

    with pytest.raises(StartFault) as caught:
        guideline_of(cards)

    # One mistake may be seen from several sides; each side has its place and remedy.
    told = [f for f in faults_of(caught.value) if isinstance(f, ContentError)]
    error = next(f for f in told if what in f.what)
    assert error.file == str(file)
    assert what in error.what
    assert remedy in error.remedy
    assert error.line is not None
    assert on_line in file.read_text(encoding="utf-8").splitlines()[error.line - 1]
    assert str(error) == f"{file}:{error.line}: {error.what}. Remedy: {error.remedy}"


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"", "the file is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"value: \x07", "an invisible character"),
        (b"a: 1\n---\na: 2\n", "not valid YAML"),
        (b"[1, 2]: x\n", "a key is not plain text"),
    ],
)
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes, what: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_bytes(content)
    with pytest.raises(ContentError, match=re.escape(str(file))) as caught:
        load_as(file, Parameter)
    assert what in caught.value.what


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match=r"gone\.yaml: the file cannot be read"):
        load_as(tmp_path / "gone.yaml", Parameter)


class Words(msgspec.Struct):
    """A mapping of names to words, as the texts have them."""

    words: dict[str, str]


@pytest.mark.parametrize("word", ["yes", "no", "on", "off", "2024-04-11", "0123", "1_000", "12:30", "<<", "1e3"])
def test_plain_words_stay_words(tmp_path: Path, word: str) -> None:
    file = tmp_path / "x.yaml"
    file.write_text(f"words:\n  {word}: {word}\n", encoding="utf-8")
    assert load_as(file, Words).words == {word: word}


def test_a_number_as_key_must_be_quoted(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("words:\n  a: b\n  120: c\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r'x\.yaml:3: the key 120 is not text. Remedy: write it in quotes: "120"'):
        load_as(file, Words)


def test_numbers_are_exact(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("{value: 3.3, unit: mg, origin: guideline, source: Table 2, max: 4}", encoding="utf-8")
    parameter = load_as(file, Parameter)
    assert (parameter.value, parameter.max) == (Decimal("3.3"), Decimal(4))
    assert Fraction(parameter.value) == Fraction(33, 10)


def test_the_shipped_content_is_exact_too(guideline: Guideline) -> None:
    rows = guideline.recommendations["bisphosphonate-renal-dose"].tables["table_2"].rows
    assert [b.dose for b in rows["zoledronic-acid"]] == [Decimal(d) for d in ("4.0", "3.5", "3.3", "3.0")] + [None]


@pytest.mark.parametrize(
    ("drug", "clearance", "dose"),
    [
        ("zoledronic-acid", "60.01", "4.0"),
        ("zoledronic-acid", "60", "3.5"),
        ("zoledronic-acid", "50", "3.5"),
        ("zoledronic-acid", "49.99", "3.3"),
        ("zoledronic-acid", "40", "3.3"),
        ("zoledronic-acid", "39.99", "3.0"),
        ("zoledronic-acid", "30", "3.0"),
        ("zoledronic-acid", "29.99", None),
        ("pamidronate", "30.01", "90"),
        ("pamidronate", "30", None),
        ("ibandronate", "80", "6"),
        ("ibandronate", "50", "6"),
        ("ibandronate", "49.99", "4"),
        ("ibandronate", "30", "4"),
        ("ibandronate", "29.99", "2"),
        ("incadronate", "30.01", "10"),
        ("incadronate", "30", "5"),
        ("incadronate", "0", "5"),
    ],
)
def test_table_2_at_its_edges(guideline: Guideline, drug: str, clearance: str, dose: str | None) -> None:
    table = guideline.recommendations["bisphosphonate-renal-dose"].tables["table_2"]
    (band,) = [b for b in table.rows[drug] if b.holds(Fraction(clearance))]
    assert band.dose == (None if dose is None else Decimal(dose))


def test_table_2_has_no_row_for_ibandronate_above_80(guideline: Guideline) -> None:
    table = guideline.recommendations["bisphosphonate-renal-dose"].tables["table_2"]
    assert not [b for b in table.rows["ibandronate"] if b.holds(Fraction("80.01"))]
    assert table.no_row["ibandronate"].above == 80


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """An installation that has the content in these folders, beside or inside the package."""

    def install(*names: str) -> Path:
        for folder in names:
            (tmp_path / folder).mkdir(parents=True)
            (tmp_path / folder / "guideline.yaml").touch()
        monkeypatch.setattr(folders, "_PACKAGE", tmp_path / "cds_service")
        return folders.content_root().relative_to(tmp_path)

    return install


def test_content_is_found_beside_the_package_or_inside_it(installed: Callable[..., Path]) -> None:
    assert installed("cards") == Path("cards")


def test_an_installed_package_uses_its_own_content(installed: Callable[..., Path]) -> None:
    assert installed("cards", "cds_service/cards") == Path("cds_service/cards")


def test_a_package_without_content_says_so(installed: Callable[..., Path]) -> None:
    with pytest.raises(FileNotFoundError, match="reinstall"):
        installed()


def test_every_file_decodes_alone() -> None:
    for file in (CARDS / "recommendations").glob("*.yaml"):
        assert load_as(file, Recommendation).topic == file.stem
