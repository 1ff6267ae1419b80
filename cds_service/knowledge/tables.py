"""A dose table must give every clearance exactly one row, except where it declares that it has none."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

from cds_service.knowledge.model import Band, NoRow, Table

# A complaint: the drug, the number of its row (from 0; None: all rows), what is wrong, what to do.
Complaint = tuple[str, int | None, str, str]


def complaints(table: Table) -> Iterator[Complaint]:
    """Everything wrong with the rows of a table."""
    for drug in table.no_row.keys() - table.rows.keys():
        yield drug, None, f"no_row names {drug}, which has no rows", "remove it, or give the drug its rows"
    for drug, bands in table.rows.items():
        if not bands:
            yield drug, None, "no rows", "copy the rows of the source"
        for what, number, remedy in _row_complaints(bands, table.no_row.get(drug)) if bands else ():
            yield drug, number, what, remedy


Row = tuple[str, int | None, str]


def _row_complaints(bands: list[Band], no_row: NoRow | None) -> Iterator[Row]:
    for number, band in enumerate(bands):
        yield from _band_complaints(band, number)
    yield from _top_complaints(bands[0], no_row)
    for number, (upper, lower) in enumerate(pairwise(bands), start=1):
        yield from _seam_complaints(upper, lower, number)
    if _lower(bands[-1]) is not None:
        yield f"nothing below {_lower(bands[-1])}", len(bands) - 1, "add the lowest row of the source"


def _band_complaints(band: Band, number: int) -> Iterator[Row]:
    if band.above is not None and band.from_ is not None:
        yield "a row has two lower bounds", number, "keep above: (the bound not included) or from: (included)"
    if band.below is not None and band.to is not None:
        yield "a row has two upper bounds", number, "keep below: (the bound not included) or to: (included)"
    if (band.dose is None) != band.not_recommended:
        yield "a row has neither a dose nor not_recommended, or both", number, "write dose: or not_recommended: true"


def _top_complaints(top: Band, no_row: NoRow | None) -> Iterator[Row]:
    upper = _upper(top)
    if no_row is None and upper is not None:
        yield f"nothing above {upper}", 0, "add the highest row of the source, or declare no_row: for the drug"
    if no_row is not None and top.to != no_row.above:
        yield f"no_row starts above {no_row.above}, the rows end elsewhere", 0, "make it the to: of the first row"


def _seam_complaints(upper: Band, lower: Band, number: int) -> Iterator[Row]:
    """Two neighbouring rows share one bound, and exactly one of them includes it."""
    end, start = _lower(upper), _upper(lower)
    if end is None or start is None or end < start:
        yield "rows overlap, or do not go from high to low", number, "order the rows from the highest clearance down"
    elif end > start:
        yield f"a hole between {start} and {end}", number, "let one of the two rows reach the other, with a reading:"
    elif (upper.from_ is None) == (lower.to is None):
        both = upper.from_ is not None
        what = f"both rows hold exactly {end}" if both else f"no row holds exactly {end}"
        yield what, number, "include the bound in one of the two rows (from: or to:)"
    if lower.dose is not None and (upper.dose is None or lower.dose > upper.dose):
        yield "a lower clearance has a higher dose", number, "compare the doses with the source"


def _lower(band: Band) -> Decimal | None:
    return band.above if band.above is not None else band.from_


def _upper(band: Band) -> Decimal | None:
    return band.below if band.below is not None else band.to
