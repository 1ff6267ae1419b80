"""A chapter: one kind of fact, read when it is first asked for, and what it needs to be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from cds_service.base.kinds import Need
from cds_service.facts.explained import Basis, Fact

T = TypeVar("T")
NOTHING: Mapping[Need, str] = {}
NO_BASIS = Basis()


class Chapter(Generic[T]):
    """A member of ``Facts``, read when first asked for and then kept: ``cached_property`` without its lock, for facts
    never leave their call.

    ``keys``: the prefetch keys it is read from. ``look_back``: for a key whose resources are dated, the window of
    ``measurements.yaml`` back to which it must be known; a key without one must be known whole. ``analytes``: those of
    ``measurements.yaml`` that it names. ``explained``: the chapter's facts, for the explanation; ``basis``: what they
    may rest on.
    """

    def __init__(
        self,
        read: Callable[[Any], T],
        keys: tuple[Need, ...],
        look_back: Mapping[Need, str],
        analytes: tuple[str, ...],
        explained: Callable[[Any], Iterator[Fact]] | None,
        basis: Basis,
    ) -> None:
        self.function, self.basis = read, basis
        self.keys, self.look_back, self.analytes, self.explained = keys, look_back, analytes, explained

    def __get__(self, facts: Any, owner: object = None) -> T:
        # Found only while the facts have no member of this name: the first reading makes one.
        found = self.function(facts)
        vars(facts)[self.function.__name__] = found
        return found


class _Make(Protocol):
    def __call__(self, read: Callable[[Any], T], /) -> Chapter[T]: ...


def chapter(
    *keys: Need,
    look_back: Mapping[Need, str] = NOTHING,
    analytes: tuple[str, ...] = (),
    explained: Callable[[Any], Iterator[Fact]] | None = None,
    basis: Basis = NO_BASIS,
) -> _Make:
    """Makes a method of ``Facts`` a chapter."""

    def make(read: Callable[[Any], T], /) -> Chapter[T]:
        return Chapter(read, keys, look_back, analytes, explained, basis)

    return make
