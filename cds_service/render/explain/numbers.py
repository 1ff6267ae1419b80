"""Windows, limits and parameters, and whose numbers they are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal

from cds_service.knowledge.model import Parameter
from cds_service.render.explain.model import Number
from cds_service.render.explain.teller import Teller


def windows(names: Iterable[str], teller: Teller) -> Iterator[Number]:
    """Look-backs of ``measurements.yaml``, as they are at this site."""
    for name in names:
        yield number(name, teller.named(teller.own.windows, name), teller.measurements.windows[name], teller)


def limits(names: Iterable[str], teller: Teller) -> Iterator[Number]:
    """Limits of ``measurements.yaml``: one number for each unit that the source prints."""
    for name in names:
        for each in teller.measurements.limits[name]:
            yield number(name, teller.named(teller.own.limits, name), each, teller)


def number(name: str, words: str, it: Parameter, teller: Teller) -> Number:
    """``name`` as the YAML has it; ``words`` for people."""
    return Number(
        name=name,
        words=words,
        value=_text(it.value),
        unit=teller.unit(it.unit, _text(it.value)),
        origin=it.origin,
        origin_words=teller.own.origins[it.origin],
        source=teller.translated(it.source),
        note=teller.translated(it.note) if it.note else None,
        low=None if it.min is None else _text(it.min),
        high=None if it.max is None else _text(it.max),
    )


def _text(value: Decimal) -> str:
    return f"{value:f}"
