"""A text of radiotherapy, each reading whole: fractions, dose in all and of each, and whether it is clear."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.facts.fraction_text import FractionText, Said, together
from cds_service.knowledge.radiotherapy import RadiotherapyWords

WORDS = load_as(content_root() / "radiotherapy.yaml", RadiotherapyWords)


def said(*, weak: bool = False, unclear: bool = False, **parts: set[int]) -> Said:
    """A reading by its parts; a part left out is empty."""
    doses = {name: set(map(Fraction, parts.get(name, ()))) for name in ("totals", "each")}
    return Said(parts.get("counts", set()), **doses, weak=weak, unclear=unclear)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30Gy/10f", said(totals={30}, counts={10})),
        ("30Gy（10次）", said(totals={30}, counts={10})),
        ("2000 cGy in 5", said(totals={20}, counts={5})),
        ("3000厘戈瑞/十次", said(totals={30}, counts={10})),
        ("三十戈瑞 二十五次", said(totals={30}, counts={25})),  # no 五次, and no 十五次
        ("36Gy/十二次", said(totals={36}, counts={12})),
        ("二十二次", said(counts={22})),
        ("thirty fractions", said(counts={30})),
        ("25 分次", said(counts={25})),
        ("10个分次", said(counts={10})),
        ("3Gy×10次", said(each={3}, counts={10})),
        ("10 x 3Gy", said(each={3}, counts={10})),
        ("每次3Gy 共10次", said(each={3}, counts={10})),
        ("10次 (3Gy/次)", said(each={3}, counts={10})),
        ("分次剂量3Gy", said(each={3})),
        ("单次剂量: 8Gy", said(each={8})),
        ("每次=3Gy", said(each={3})),
        ("每次, 30Gy", said(totals={30})),  # a comma ends what is said of each
        ("单次8Gy", said(weak=True)),
        ("一次性 8Gy", said(weak=True)),
        ("single dose of 8Gy", said(totals={8}, weak=True)),
        ("one-off 8Gy", said(weak=True)),
        ("single session", said(counts={1})),
        ("10 {fraction}", said(counts={10})),
        ("10 fractions over weeks", said(counts={10})),
        # No number of fractions.
        ("30Gy/6MV", said(totals={30})),
        ("30Gy in 2 weeks", said(totals={30})),
        ("30Gy/10 qd", said(totals={30})),
        ("30Gy 2野", said(totals={30})),
        ("第二次 8Gy", said(totals={8})),
        ("第3次", said()),
        ("Gy x 10", said()),
        ("1次 daily", said()),
        ("5次 weekly", said()),
        ("5次/周", said()),
        ("每日1次", said()),
        ("every 2 days 1 fraction", said()),
        # A span, or a number that is none; what follows does not make it clear again.
        ("8 to 10 fractions", said(unclear=True)),
        ("10-12-14次", said(unclear=True)),
        ("20-30Gy, 3-5天", said(unclear=True)),
        ("30-40Gy - 10次", said(counts={10}, unclear=True)),
        ("三五次", said(unclear=True)),
        ("一百二十次", said(unclear=True)),
        ("twenty five fractions", said(unclear=True)),
        ("twenty-five fractions", said(unclear=True)),
        ("10.5次", said(unclear=True)),
        ("1.2.3Gy", said(unclear=True)),
        ("3-5 days per fraction", said()),
    ],
)
def test_a_text_is_read_whole(text: str, expected: Said) -> None:
    assert FractionText(WORDS).read(text) == expected


def test_what_several_texts_say_does_not_depend_on_their_order() -> None:
    reader = FractionText(WORDS)
    full, other = reader.read("每次3Gy 单次 8-10次 10次"), reader.read("30Gy/5次")
    expected = said(totals={30}, each={3}, counts={5, 10}, weak=True, unclear=True)
    assert together([full, other]) == expected
    assert together([other, full]) == expected
