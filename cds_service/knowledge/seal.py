"""The seal: who has signed the content of ``cards/``, and whether it is still what was signed.

Signed is every file of the folder but ``review/`` (computed from the rest by the running rules; ``make test`` sees that
it is fresh) and the seal itself. Only a person can sign, so none ships: production refuses to start until somebody has
run ``cds-service seal``. The numbers a site sets in its site file are the site's own and are not sealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from cds_service.base.complaints import ContentError
from cds_service.base.hashing import joined
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.model import File

SEAL = "seal.yaml"
_COMPUTED = "review"
# Rooms of the package that no answer passes through.
_ASIDE = frozenset({"report", "review", "store", "tools", "trust", "web", "workbench"})
_SHOWN = 5
_REMEDY = "undo the change, or have it reviewed and run: cds-service seal --by NAME"
_HEAD = "# Written by `cds-service seal`. Do not edit: whoever changes a file named here signs it anew.\n"


class Seal(File, frozen=True):
    """The file. ``files``: path below ``cards/`` → SHA-256, hexadecimal."""

    by: str
    at: date
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """How the content stands to its seal. ``seal``: None where there is none; ``differing``: files that are not as
    they were signed, each with ``changed``, ``new`` or ``missing`` before it."""

    seal: Seal | None
    differing: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return self.seal is not None and not self.differing

    def __str__(self) -> str:
        if self.seal is None:
            return "the content is not sealed: nobody has signed it"
        signed = f"sealed by {self.seal.by} on {self.seal.at}"
        if not self.differing:
            return f"the content is {signed}"
        shown = ", ".join(self.differing[:_SHOWN])
        more = f" and {len(self.differing) - _SHOWN} more" if len(self.differing) > _SHOWN else ""
        return f"the content differs from what was {signed}: {shown}{more}"


def signed_files(root: Path) -> dict[str, str]:
    """Path below ``root`` → SHA-256 of every file that a seal covers, in order. Raises ``ContentError``."""
    found: dict[str, str] = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_file() and name.parts[0] not in (_COMPUTED, SEAL):
            found[name.as_posix()] = _digest(path)
    return found


def standing(root: Path, file: Path | None = None) -> Standing:
    """How the content below ``root`` stands to its seal (``file``; None: the one in ``root``). Raises ``ContentError``
    for a seal that cannot be read."""
    file = file or root / SEAL
    if not file.exists():
        return Standing(None)
    seal = load_as(file, Seal)
    if not seal.by.strip():
        raise ContentError(file, None, "the seal names nobody", _REMEDY)
    return Standing(seal, tuple(_differences(seal.files, signed_files(root))))


def checked(root: Path, file: Path | None = None, *, required: bool) -> Standing:
    """As ``standing``; where a seal is ``required`` (production), raises ``ContentError`` unless it holds."""
    found = standing(root, file)
    if required and not found.holds:
        # Nothing to undo where nobody has signed yet.
        remedy = _REMEDY if found.seal else _REMEDY.partition("or ")[2]
        raise ContentError(file or root / SEAL, None, f"{found}; CDS_PROFILE is production", remedy)
    return found


def seal(root: Path, by: str, on: date, file: Path | None = None) -> Standing:
    """Sign the content as it is now: ``by`` (a person's name), ``on`` that day. Returns how it stood before.

    Raises ``ContentError`` when the seal cannot be written.
    """
    file = file or root / SEAL
    try:
        before = standing(root, file)
    except ContentError:  # a seal that cannot be read is replaced
        before = Standing(None)
    made = {"by": by, "at": on.isoformat(), "files": signed_files(root)}
    try:
        file.write_text(_HEAD + yaml.safe_dump(made, allow_unicode=True, sort_keys=False), encoding="utf-8")
    except OSError as error:
        remedy = "give a place that can be written in CDS_SEAL_FILE, for this command and for the server"
        raise ContentError(file, None, f"the seal cannot be written ({error.strerror})", remedy) from error
    return before


def fingerprint(root: Path, package: Path, more: Iterable[str | bytes] = ()) -> str:
    """Twelve hexadecimal digits that change with whatever can change an answer: the content, the code between a call
    and its answer (``package``: its folder), and ``more``."""
    parts = [*(f"{name} {digest}" for name, digest in signed_files(root).items()), *_code(package)]
    parts += [hashlib.sha256(each.encode() if isinstance(each, str) else each).hexdigest() for each in more]
    return hashlib.sha256(joined(*parts)).hexdigest()[:12]


def _code(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*.py")):
        name = path.relative_to(package)
        if name.parts[0] not in _ASIDE:
            yield f"{name.as_posix()} {_digest(path)}"


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ContentError(path, None, f"cannot be read ({error.strerror})", "check who may read it") from error


def _differences(signed: Mapping[str, str], found: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(signed.keys() | found.keys()):
        if name not in found:
            yield f"missing {name}"
        elif name not in signed:
            yield f"new {name}"
        elif signed[name] != found[name]:
            yield f"changed {name}"
