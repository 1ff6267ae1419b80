"""The names nearest to one that is not there: what somebody who mistyped it reads."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# Longer than any name here: whoever writes so has not misspelt one.
_LONGEST = 200
# Lower than difflib's own: a name half remembered is worth an answer.
_ALIKE = 0.5


def nearest(name: str, known: Iterable[str], most: int = 3) -> list[str]:
    """At most ``most`` of ``known``, the likest first; those that hold ``name`` whole before all others."""
    if not name or len(name) > _LONGEST:
        return []
    names = sorted(set(known))
    holding = [each for each in names if name.casefold() in each.casefold()]
    holding.sort(key=len)
    alike = difflib.get_close_matches(name, names, n=most, cutoff=_ALIKE)
    return list(dict.fromkeys([*holding, *alike]))[:most]
