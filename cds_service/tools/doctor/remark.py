"""One line of what the doctor says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Remark:
    """``wrong``: the server would not start, or a client could not be served; ``note``: worth knowing; ``ok``."""

    level: Literal["ok", "note", "wrong"]
    text: str

    def __str__(self) -> str:
        return f"{self.level}: {self.text}"


def ok(text: str) -> Remark:
    return Remark("ok", text)


def note(text: str) -> Remark:
    return Remark("note", text)


def wrong(text: str) -> Remark:
    return Remark("wrong", text)
