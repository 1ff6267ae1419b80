"""Several texts as one, to be hashed."""

from __future__ import annotations


def joined(*parts: str) -> bytes:
    """The parts, each after its length: no two lists of parts give the same bytes, wherever one part ends."""
    return "".join(f"{len(part)}:{part}" for part in parts).encode()
