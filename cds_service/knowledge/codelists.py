"""The code lists in ``cards/codelists``: read, checked against the manifest, refused when edited without review."""

from __future__ import annotations

import csv
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from cds_service.base.complaints import ContentError
from cds_service.base.yamlfile import line_of, load_as
from cds_service.knowledge.model import File

# "specimen" is what a result was measured in, "site" the part of the body a diagnosis names beside its code, "finding"
# what reports say of it, "purpose" what an examination is asked for.
Domain = Literal["drug", "condition", "observation", "procedure", "specimen", "site", "finding", "purpose"]
Compared = Literal["exact", "icd", "atc"]

MANIFEST, SYSTEMS = "manifest.yaml", "systems.yaml"
AFFILIATE = "snomed-affiliate"
NAMES = ("text:zh", "text:en")  # systems of the rows that are names of uncoded text
HEADER = "system,code,display,match,status,product,flag,ingredient,strength,sources,note"
MATCHES = ("exact", "prefix", "exclude")
STATUSES = ("V", "S", "M")  # verified, single source, from memory (names only)
FLAGS = frozenset({
    "topical", "ophthalmic", "neonatal", "antiplatelet",  # of a drug
    "parenteral", "transdermal", "transmucosal", "rectal",  # how an opioid is given, where that is not by mouth
    "broad", "class", "non-specific",  # says less than the concept, or needs company
    "legacy",  # retired: matched, never emitted
    "unsited",  # says what, not where: counts with a body site of the concept
    "by-display",  # dictionaries differ: counts only where the display or text names the concept
    "token", "alone",  # of a name: only as a whole token; only where nothing else stands beside it
    "anywhere",  # (exclude) rules out wherever it stands
    "low-confidence",  # an unverified name
})  # fmt: skip


class Listed(File, frozen=True):
    """A file of the manifest."""

    domain: Domain
    origin: str
    rows: int
    sha256: str


class Manifest(File, frozen=True):
    origin: str
    sources: dict[str, str]
    files: dict[str, Listed]


class System(File, frozen=True):
    """A code system; ``codes`` says how its codes are compared, ``aliases`` are other addresses or OIDs of it."""

    name: str
    owner: str
    licence: str
    codes: Compared
    aliases: list[str] = []
    falls_back_to: str | None = None


class Systems(File, frozen=True):
    """``systems`` have an address that may be emitted; ``local`` are placeholders that a site maps its own to."""

    systems: dict[str, System]
    local: dict[str, System]

    def all(self) -> dict[str, System]:
        return self.systems | self.local


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a list: a code, or the name of the thing in uncoded text."""

    concept: str
    domain: Domain
    system: str
    code: str
    display: str
    match: str
    status: str
    product: str | None
    flags: frozenset[str]
    ingredient: str | None
    strength: str | None

    @property
    def is_name(self) -> bool:
        return self.system in NAMES


def load_systems(folder: Path) -> Systems:
    """``systems.yaml``. Raises ``ContentError``."""
    return load_as(folder / SYSTEMS, Systems)


def load_rows(folder: Path, *, snomed_affiliate: bool = True) -> tuple[Row, ...]:
    """Every row of the lists, in the order of the manifest.

    ``snomed_affiliate``: also the SNOMED CT codes outside the Global Patient Set. Raises ``ContentError`` naming file,
    line and remedy for a list that is unlisted, missing, changed since its review, or wrong in a row.
    """
    manifest = load_as(folder / MANIFEST, Manifest)
    known = frozenset(load_systems(folder).all()) | frozenset(NAMES)
    _refuse_unlisted(folder, manifest)
    rows: list[Row] = []
    seen: dict[tuple[str, str, str], str] = {}
    for name, listed in manifest.files.items():
        if name.startswith(f"{AFFILIATE}/") and not snomed_affiliate:
            continue
        data = _content(folder / name)
        if _digest(data) != listed.sha256:
            remedy = f"undo the change, or review it and run: cds-service codelists --accept {folder / name}"
            raise ContentError(folder / name, 1, "the list differs from the reviewed one", remedy)
        before = len(rows)
        for line, row in _read(folder / name, data, listed.domain, known, manifest.sources):
            _refuse_duplicate(folder / name, line, row, seen)
            rows.append(row)
        if len(rows) - before != listed.rows:
            line_number = line_of(folder / MANIFEST, "files", name, "rows")
            remedy = f"write rows: {len(rows) - before}"
            raise ContentError(folder / MANIFEST, line_number, f"{name} has another number of rows", remedy)
    return tuple(rows)


def accept(path: Path) -> None:
    """Record the present hash and row count of a reviewed list in the manifest.

    Raises ``ContentError`` when the manifest does not name the file or a row is wrong; then nothing is written.
    """
    folder = path.parent.parent if path.parent.name == AFFILIATE else path.parent
    name = path.relative_to(folder).as_posix()
    manifest_file = folder / MANIFEST
    manifest = load_as(manifest_file, Manifest)
    listed = manifest.files.get(name)
    if listed is None:
        remedy = f"add {name} with domain, origin, rows and sha256"
        raise ContentError(manifest_file, None, f"{name} is not listed", remedy)
    data = _content(path)
    known = frozenset(load_systems(folder).all()) | frozenset(NAMES)
    seen: dict[tuple[str, str, str], str] = {}
    for line, row in _read(path, data, listed.domain, known, manifest.sources):
        _refuse_duplicate(path, line, row, seen)
    _rewrite(manifest_file, name, len(seen), _digest(data))


def _rewrite(manifest: Path, name: str, rows: int, digest: str) -> None:
    """Replace two values of one entry and leave every other line, comments too, as it is."""
    lines = manifest.read_text(encoding="utf-8").splitlines(keepends=True)
    for key, value in (("rows", str(rows)), ("sha256", digest)):
        number = line_of(manifest, "files", name, key)
        if number is not None:
            lines[number - 1] = re.sub(rf"({key}:\s*)[^\s,}}]+", rf"\g<1>{value}", lines[number - 1])
    manifest.write_text("".join(lines), encoding="utf-8")


def _content(file: Path) -> str:
    try:
        return file.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise ContentError(file, None, "the list is not UTF-8", "save it as UTF-8") from error
    except OSError as error:
        remedy = f"restore it, or take it out of {MANIFEST}"
        raise ContentError(file, None, "the list cannot be read", remedy) from error


def _digest(data: str) -> str:
    return hashlib.sha256(data.encode()).hexdigest()


def _refuse_unlisted(folder: Path, manifest: Manifest) -> None:
    for file in sorted(folder.rglob("*.csv")):
        if file.relative_to(folder).as_posix() not in manifest.files:
            remedy = "list it with domain and origin, or remove it"
            raise ContentError(file, None, f"{MANIFEST} does not list it", remedy)


def _refuse_duplicate(file: Path, line: int, row: Row, seen: dict[tuple[str, str, str], str]) -> None:
    key = (row.concept, row.system, row.code.casefold())
    if key in seen:
        what = f"{row.system} {row.code} stands twice for {row.concept}"
        raise ContentError(file, line, what, f"keep one of them, the first is in {seen[key]}")
    seen[key] = f"{file.name}:{line}"


def _read(
    file: Path, data: str, domain: Domain, systems: frozenset[str], sources: Mapping[str, str]
) -> Iterator[tuple[int, Row]]:
    reader = csv.DictReader(io.StringIO(data, newline=""))
    if reader.fieldnames != HEADER.split(","):
        raise ContentError(file, 1, "the header is another", f"write: {HEADER}")
    for cells in reader:
        line = reader.line_num
        if None in cells or None in cells.values():
            raise ContentError(file, line, "the number of cells differs from the header's", "quote cells with commas")
        _refuse_cells(file, line, cells, systems, sources)
        row = Row(
            concept=file.stem,
            domain=domain,
            system=cells["system"],
            code=cells["code"],
            display=cells["display"],
            match=cells["match"],
            status=cells["status"],
            product=cells["product"] or None,
            flags=frozenset(cells["flag"].split()),
            ingredient=cells["ingredient"] or None,
            strength=cells["strength"] or None,
        )
        yield line, row


def _refuse_cells(
    file: Path, line: int, cells: Mapping[str, str], systems: frozenset[str], sources: Mapping[str, str]
) -> None:
    if cells["system"] not in systems:
        remedy = f"add it to {SYSTEMS}, or use the address there"
        raise ContentError(file, line, f"unknown system {cells['system']!r}", remedy)
    if not cells["code"].strip() or cells["code"] != cells["code"].strip():
        raise ContentError(file, line, "the code is empty or has spaces around it", "write the code alone")
    for column, allowed in (("match", MATCHES), ("status", STATUSES)):
        if cells[column] not in allowed:
            what = f"unknown {column} {cells[column]!r}"
            raise ContentError(file, line, what, f"write one of: {', '.join(allowed)}")
    if cells["status"] == "M" and cells["system"] not in NAMES:
        raise ContentError(file, line, "a code from memory", "verify it (V or S), or leave it out")
    for flag in set(cells["flag"].split()) - FLAGS:
        raise ContentError(file, line, f"unknown flag {flag!r}", f"use: {', '.join(sorted(FLAGS))}")
    for source in cells["sources"].split():
        if source not in sources:
            raise ContentError(file, line, f"unknown source {source!r}", f"explain it under sources in {MANIFEST}")


DOMAINS: tuple[str, ...] = get_args(Domain)
