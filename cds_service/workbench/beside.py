"""The strips of two versions of the content, one above the other."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from cds_service.workbench.strips import Strip


class Beside(msgspec.Struct, frozen=True):
    """One number, and where the answer changes along it in two versions; None: that version rests on no such number."""

    other: Strip | None
    running: Strip | None

    @property
    def differs(self) -> bool:
        return self._said(self.other) != self._said(self.running)

    @property
    def knob_words(self) -> tuple[str, str, str]:
        """Words, unit and key of the number."""
        it = self.running or self.other
        return (it.knob.words, it.knob.unit, it.knob.key) if it else ("", "", "")

    @staticmethod
    def _said(strip: Strip | None) -> object:
        return strip and (strip.segments, strip.always)


def beside(other: Iterable[Strip], running: Iterable[Strip]) -> tuple[Beside, ...]:
    """By number, those along which the versions differ first."""
    one, two = ({each.knob.key: each for each in strips} for strips in (other, running))
    pairs = [Beside(one.get(key), two.get(key)) for key in dict.fromkeys([*two, *one])]
    return tuple(sorted(pairs, key=lambda each: not each.differs))
