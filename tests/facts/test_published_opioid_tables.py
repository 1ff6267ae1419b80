"""The factors of ``cards/opioids.yaml`` against every table read: each printed number is the factor or in its range."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import msgspec
import pytest

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.knowledge.opioids import Opioids

OURS = load_as(content_root() / "opioids.yaml", Opioids)
TABLES = msgspec.yaml.decode(Path(__file__).with_name("published_opioid_tables.yaml").read_bytes())


def _printed() -> Iterator[tuple[str, str, Fraction]]:
    for source, table in TABLES.items():
        for name, factor in table.get("factors", {}).items():
            yield source, name, Fraction(factor)
        for name, amounts in table.get("amounts", {}).items():
            for amount in amounts:
                yield source, name, Fraction(table["per"]) / Fraction(amount)


PRINTED = sorted(_printed())
READABLE = sorted(name for name, factor in OURS.factors.items() if "china-2018" not in factor.range_from)


def test_the_main_table_is_ours_number_for_number() -> None:
    assert {name: factor.exact for name, factor in OURS.factors.items()} == {
        name: printed for source, name, printed in PRINTED if source == "cdc-2022"
    }


def test_every_printed_number_lies_in_our_range() -> None:
    def outside(name: str, printed: Fraction) -> bool:
        low, high = OURS.factors[name].span
        return not low <= printed <= high

    assert [row for row in PRINTED if outside(row[1], row[2])] == []


@pytest.mark.parametrize("name", READABLE)
def test_no_end_of_a_range_is_made_up(name: str) -> None:
    """Each end is a number that one of them, or the main table, prints."""
    factor = OURS.factors[name]
    read = {printed for source, of, printed in PRINTED if of == name and source in {"cdc-2022", *factor.range_from}}
    assert set(factor.span) <= read


def test_only_tables_that_the_content_names_are_read() -> None:
    assert TABLES.keys() == OURS.sources.keys() - {"china-2018"}
