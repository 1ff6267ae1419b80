"""The code lists are as reviewed, and a broken one says which line and what to do."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cds_service.base.complaints import ContentError
from cds_service.base.folders import content_root
from cds_service.base.kinds import LANGUAGES
from cds_service.edition import Edition
from cds_service.knowledge.codelists import HEADER, NAMES, Row, accept, load_rows, load_systems

FOLDER = content_root() / "codelists"
ROW = "http://loinc.org,8302-2,Body height,exact,V,,,,,VSAC,"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with one list of one row, as the shipped ones are kept."""
    shutil.copy(FOLDER / "systems.yaml", tmp_path / "systems.yaml")
    (tmp_path / "manifest.yaml").write_text(
        "origin: made for a test\nsources:\n  VSAC: a source\nfiles:\n  body-height.csv:\n    domain: observation\n"
        "    origin: made for a test  # kept\n    rows: 0\n    sha256: none\n"
    )
    write(tmp_path, ROW)
    return tmp_path


def write(folder: Path, *rows: str, header: str = HEADER) -> Path:
    path = folder / "body-height.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_the_shipped_lists_are_as_reviewed() -> None:
    load_rows(FOLDER)


def test_an_edited_list_is_refused_until_it_is_accepted(folder: Path) -> None:
    with pytest.raises(ContentError, match=r"body-height\.csv:1: the list differs .*\. Remedy: .*--accept"):
        load_rows(folder)
    accept(folder / "body-height.csv")
    assert [row.code for row in load_rows(folder)] == ["8302-2"]
    write(folder, ROW, ROW.replace("8302-2", "3137-7"))
    with pytest.raises(ContentError, match="differs"):
        load_rows(folder)


def test_accepting_changes_hash_and_count_and_nothing_else(folder: Path) -> None:
    before = (folder / "manifest.yaml").read_text().splitlines()
    accept(folder / "body-height.csv")
    after = (folder / "manifest.yaml").read_text().splitlines()
    assert [old.split(":")[0].strip() for old, new in zip(before, after, strict=True) if old != new] == [
        "rows",
        "sha256",
    ]
    assert "    rows: 1" in after


@pytest.mark.parametrize(
    ("row", "fault", "remedy"),
    [
        (ROW.replace("exact", "fuzzy"), "unknown match 'fuzzy'", "write one of: exact, prefix, exclude"),
        (ROW.replace(",V,", ",X,"), "unknown status 'X'", "write one of: V, S, M"),
        (ROW.replace(",V,", ",M,"), "a code from memory", "verify it"),
        (
            ROW.replace("http://loinc.org", "http://loinc.example"),
            "unknown system 'http://loinc.example'",
            "systems.yaml",
        ),
        (ROW.replace("8302-2", " "), "the code is empty", "write the code alone"),
        (ROW.replace("exact,V,,,", "exact,V,,loud,"), "unknown flag 'loud'", "use: "),
        (ROW.replace("VSAC", "RUMOUR"), "unknown source 'RUMOUR'", "explain it under sources"),
        (ROW + ",more", "number of cells", "quote cells"),
        (ROW.replace(",,,,", ","), "number of cells", "quote cells"),
        (ROW, "http://loinc.org 8302-2 stands twice for body-height", "the first is in body-height.csv:2"),
    ],
)
def test_a_wrong_row_names_its_line_and_the_remedy(folder: Path, row: str, fault: str, remedy: str) -> None:
    path = write(folder, ROW, row)
    manifest = (folder / "manifest.yaml").read_text()
    with pytest.raises(ContentError) as caught:
        accept(path)
    assert (caught.value.file, caught.value.line) == (str(path), 3)
    assert fault in caught.value.what
    assert remedy in caught.value.remedy
    assert (folder / "manifest.yaml").read_text() == manifest


def test_another_header_is_refused(folder: Path) -> None:
    with pytest.raises(ContentError, match=r"body-height\.csv:1: the header is another\. Remedy: write: system,code"):
        accept(write(folder, ROW, header=HEADER.replace("code", "kode")))


def test_a_list_that_is_not_utf_8_is_refused(folder: Path) -> None:
    path = folder / "body-height.csv"
    path.write_bytes(HEADER.encode() + "\n身高".encode("gb18030"))
    with pytest.raises(ContentError, match="not UTF-8"):
        accept(path)


def test_an_unlisted_or_missing_list_is_refused(folder: Path) -> None:
    accept(folder / "body-height.csv")
    stray = folder / "stray.csv"
    stray.write_text(HEADER)
    with pytest.raises(ContentError, match=r"stray\.csv: manifest\.yaml does not list it\. Remedy: "):
        load_rows(folder)
    with pytest.raises(ContentError, match=r"stray\.csv is not listed\. Remedy: add stray\.csv"):
        accept(stray)
    stray.unlink()
    (folder / "body-height.csv").unlink()
    with pytest.raises(ContentError, match=r"body-height\.csv: the list cannot be read\. Remedy: "):
        load_rows(folder)


def test_a_wrong_count_is_refused(folder: Path) -> None:
    accept(folder / "body-height.csv")
    manifest = folder / "manifest.yaml"
    manifest.write_text(manifest.read_text().replace("rows: 1", "rows: 7"))
    with pytest.raises(ContentError, match=r"manifest\.yaml:8: .*another number of rows\. Remedy: write rows: 1"):
        load_rows(folder)


def rows() -> tuple[Row, ...]:
    return load_rows(FOLDER)


def test_a_name_from_memory_is_of_low_confidence_unless_it_is_a_spelling() -> None:
    for row in rows():
        if row.flags & {"low-confidence"}:
            assert row.status == "M"
        if row.product and row.is_name and row.status == "M":
            assert "low-confidence" in row.flags


def test_local_codes_are_kept_apart_from_what_may_be_emitted() -> None:
    systems = load_systems(FOLDER)
    assert all(name.startswith("x-") for name in systems.local)
    assert not any(name.startswith("x-") for name in systems.systems)
    assert {row.system for row in rows()} <= set(systems.all()) | set(NAMES)


def test_affiliate_lists_hold_snomed_codes_only() -> None:
    free = load_rows(FOLDER, snomed_affiliate=False)
    assert {row.system for row in set(rows()) - set(free)} == {"http://snomed.info/sct"}
    assert {row.concept for row in rows()} == {row.concept for row in free}


def test_two_character_brands_count_only_as_whole_tokens() -> None:
    short = [r for r in rows() if r.domain == "drug" and r.system == "text:zh" and len(r.code) == 2]
    names = [r for r in short if r.match != "exclude"]
    # The names of two substances are no brands.
    assert {row.code for row in names if "token" not in row.flags} == {"顺铂", "吗啡"}


def test_a_drug_that_stands_with_others_in_one_list_has_its_own_name(edition: Edition) -> None:
    """A card names alendronate, in whatever language or under whatever brand it was recorded; not "bisphosphonate"."""
    listed = [r for r in rows() if r.concept == "other-bisphosphonate" and r.match != "exclude"]
    unnamed = {row.code for row in listed if not row.ingredient and "class" not in row.flags}
    assert unnamed == {"固邦"}  # no source at hand says of which it is the brand
    for tag in LANGUAGES:
        assert {row.ingredient for row in listed if row.ingredient} <= set(edition.wordings[tag].language.shared.drugs)
