"""Where the reviewed content lies: inside the installed package, or beside it in a working copy."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parents[1]


def content_root() -> Path:
    """The folder ``cards``. Raises ``FileNotFoundError`` when neither place has one (a broken installation)."""
    return _folder("cards")


def fixtures_root() -> Path:
    """The folder ``fhir_fixtures``, found and refused as ``content_root``."""
    return _folder("fhir_fixtures")


def _folder(name: str) -> Path:
    for folder in (_PACKAGE / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(f"{name}/ is neither in the package nor beside it: reinstall cds_service")
