"""Where the reviewed content lies: inside the installed package, or beside it in a working copy."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def content_root() -> Path:
    """The folder ``cards``. Raises ``FileNotFoundError`` when neither place has one (a broken installation)."""
    for folder in (_PACKAGE / "cards", _PACKAGE.parent / "cards"):
        if (folder / "guideline.yaml").is_file():
            return folder
    raise FileNotFoundError("cards/guideline.yaml is neither in the package nor beside it: reinstall cds_service")
