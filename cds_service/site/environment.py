"""Where the text of a setting comes from: an environment variable, or for secrets a file that another one names.

``CDS_HASH_KEY_FILE=/run/secrets/cds_hash_key`` is how containers are handed secrets: a file is not inherited by every
child process and shows in no list of processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cds_service.base.complaints import SettingsError

# May stand in a file. What is more than a file's name in its value stays out of every message.
SECRETS = ("CDS_DATABASE_URL", "CDS_HASH_KEY", "CDS_CLIENTS")
_FILE = "_FILE"
# A registry of many clients is some ten thousand; a device or a wrong path would have no end.
_MOST_BYTES = 1024 * 1024


def file_variables() -> tuple[str, ...]:
    """The variables that name a file of a secret."""
    return tuple(f"{name}{_FILE}" for name in SECRETS)


@dataclass(frozen=True)
class Text:
    """What a setting is given as. ``file``: None where it stands in the environment itself."""

    value: str
    file: Path | None = None


def text_of(name: str, environ: Mapping[str, str]) -> Text | None:
    """The text of a setting, without blanks around it; None where it is not set. Raises ``SettingsError``."""
    value = environ.get(name, "").strip()
    path = environ.get(f"{name}{_FILE}", "").strip() if name in SECRETS else ""
    if value and path:
        what = f"set, and {name}{_FILE} too"
        raise SettingsError(name, what, "Keep one of them: which is meant cannot be told")
    if path:
        return Text(_read(f"{name}{_FILE}", Path(path)), Path(path))
    return Text(value) if value else None


def _read(variable: str, path: Path) -> str:
    """Never with the path in a message: it may be the secret itself, written into the wrong variable."""
    try:
        if not path.is_file():
            what = "what it names is no file" if path.exists() else "there is no such file"
            raise SettingsError(variable, what, "Give the path of a file that holds the secret and nothing else")
        with path.open("rb") as opened:
            body = opened.read(_MOST_BYTES + 1)
        text = body.decode().strip()
    except OSError as error:
        what = f"the file cannot be read ({os.strerror(error.errno or 0)})"
        raise SettingsError(variable, what, "Let the user of this service read it") from None
    except ValueError:
        raise SettingsError(variable, "the file is not UTF-8", "Write the secret as plain text") from None
    if not text or len(body) > _MOST_BYTES:
        what = f"the file is larger than {_MOST_BYTES} bytes" if text else "the file is empty"
        raise SettingsError(variable, what, "Write the secret and nothing else into it")
    return text


def set_in(names: Iterable[str], environ: Mapping[str, str]) -> frozenset[str]:
    """Those of ``names`` that are set in some way, rightly or not."""
    return frozenset(n for n in names if environ.get(n, "").strip() or environ.get(f"{n}{_FILE}", "").strip())
