"""A dosage text in its parts, each row whole: what stands around a mass decides whether it is the dose."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cds_service.base.folders import content_root
from cds_service.base.yamlfile import load_as
from cds_service.facts.bounded import told
from cds_service.facts.dose_text import MOST_NUMBERS, Said, TextReader
from cds_service.facts.tokens import Tokens
from cds_service.knowledge.dosing import Dosing

READER = TextReader(Tokens(load_as(content_root() / "dosing.yaml", Dosing)))
TENTHS_8, THREE_HALVES = Fraction(4, 5), Fraction(3, 2)


def said(*, unclear: bool = False, **parts: set[Fraction] | set[int]) -> Said:
    """A reading by its parts; a part left out is empty."""
    return Said(**{name: set(map(Fraction, values)) for name, values in parts.items()}, unclear=unclear)


def read(text: str, *, upper: bool = False) -> Said:
    return READER.read(told(text), upper=True) if upper else READER.read(told(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", said()),
        ("per vial", said()),
        ("4 mg", said(masses={4})),
        ("二十四毫克", said(masses={24})),
        ("十二片", said(pieces={12})),
        ("三五片", said(unclear=True)),
        # A span of an amount is no dose, one of time says nothing of it; a broken number leaves all open.
        ("4-8 mg", said(unclear=True)),
        ("2-3 vials", said(unclear=True)),
        ("2-3 mL", said(unclear=True)),
        ("4-8", said()),
        ("1-2 weeks", said()),
        ("4-8 mg, over 1-2 h", said(unclear=True)),
        ("4,8 mg", said(unclear=True)),
        ("1,2 vials 4 mg", said(masses={4}, unclear=True)),
        ("1,2 mL", said(unclear=True)),
        # A limit is not what is ordered.
        ("max 4 mg", said()),
        ("max 2 vials, 4 mg", said(masses={4})),
        # What one piece holds, behind the mass or before it.
        ("4 mg each", said(each={4})),
        ("4 mg ea, 2 vials", said(each={4}, pieces={2})),
        ("4 mg each 2 vials", said(masses={4}, pieces={2})),
        ("4 mg per 1 vial", said(each={4}, pieces={1})),
        ("4 mg per 2 vials", said(masses={4}, pieces={2})),
        ("4 mg vial", said(masses={4})),
        ("4 mg vials", said(each={4})),
        ("2 4 mg vials", said(each={4}, pieces={2})),
        ("2 x 4 mg vials", said(each={4}, pieces={2})),
        ("2 x 4 mg/vial", said(each={4}, pieces={2})),
        ("2 vials x 4 mg", said(each={4}, pieces={2})),
        ("2 vials of 4 mg", said(each={4}, pieces={2})),
        ("4 mg vials x 2", said(each={4}, pieces={2})),
        ("4 mg/vial x 2", said(each={4}, pieces={2})),
        ("4 mg x 2 vials", said(each={4}, pieces={2})),
        ("5 mg/vial 4 mg", said(masses={4}, each={5})),
        ("per vial 4 mg/day", said(masses={4})),
        ("each: 4 mg vials", said(each={4})),
        ("per cycle 4 mg vials", said(each={4})),
        ("each vial as per label 4 mg", said(each={4})),
        # So far and no farther does "each vial" reach, and over no mark and no other number.
        ("each vial of this product by itself holds 4 mg", said(each={4})),
        ("each vial of this new product by itself holds 4 mg", said(masses={4})),
        ("each vial, 4 mg", said(masses={4})),
        ("each vial 2 4 mg", said(masses={4})),
        ("each vial 2-3 4 mg", said(masses={4})),
        ("each vial 1,2 4 mg", said(masses={4})),
        # A number before a piece that belongs to a day, an hour or a name is no number of pieces.
        ("every 12 h 2 4 mg vials", said(unclear=True)),
        ("day 2 4 mg vials", said(unclear=True)),
        ("B12 4 mg vials", said(unclear=True)),
        ("1.5.2 4 mg vials", said(unclear=True)),
        # A factor.
        ("4 mg x 3 days", said(masses={4})),
        ("4 mg x 1", said(masses={4})),
        ("4 mg x 2", said(loose={4}, unclear=True)),
        ("2 x 4 mg", said(loose={4}, unclear=True)),
        ("4 mg x", said(unclear=True)),
        ("4 mg x 1,2 vials", said(unclear=True)),
        # A rate: by the piece, the giving, the body, the hour, or a number of nobody knows what.
        ("4 mg per cycle", said(masses={4})),
        ("4 mg per dose", said(masses={4})),
        ("500 mg every 6 hours", said(masses={500})),
        ("16 mg every h", said()),
        ("4 mg per kg", said()),
        ("4 mg/5", said(loose={4})),
        ("4 mg/5 x 2", said(loose={4})),
    ],
)
def test_where_a_mass_belongs(text: str, expected: Said) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0.8 mg/mL", said(concentrations={TENTHS_8})),
        ("4 mg per 1 mL", said(concentrations={4})),
        ("3 mg/2 mL", said(contents={3}, filled={2}, concentrations={THREE_HALVES})),
        ("2 mL: 3 mg", said(contents={3}, filled={2}, concentrations={THREE_HALVES})),
        ("3 mg: 2 mL", said(contents={3}, filled={2}, concentrations={THREE_HALVES})),
        ("2 mL per 3 mg", said(contents={3}, filled={2}, concentrations={THREE_HALVES})),
        ("1 mL: 3 mg", said(contents={3}, filled={1}, concentrations={3})),
        ("4 mg per 1,5 mL", said(unclear=True)),
        ("4 mg in each mL", said(concentrations={4})),
        ("each mL contains 4 mg", said(concentrations={4})),
        ("每毫升含4mg", said(concentrations={4})),
        ("each mL contains 4 mg per vial", said(each={4})),
        ("4 mg in 1 mL", said(concentrations={4}, volumes={1})),
        # What an infusion holds is no concentration of the product.
        ("4 mg in 2 mL", said(masses={4}, volumes={2})),
        ("4 mg in 1,5 mL", said(masses={4}, unclear=True)),
        ("4 mg in mL", said(masses={4})),
        # A volume drawn stands beside its concentration; any other is one.
        ("5 mL (0.8 mg/mL)", said(drawn={5}, concentrations={TENTHS_8})),
        ("5 mL [0.8 mg/mL]", said(drawn={5}, concentrations={TENTHS_8})),
        ("5 mL of 0.8 mg/mL", said(drawn={5}, concentrations={TENTHS_8})),
        ("(0.8 mg/mL) 5 mL", said(drawn={5}, concentrations={TENTHS_8})),
        ("[0.8 mg/mL] 5 mL", said(drawn={5}, concentrations={TENTHS_8})),
        ("0.8 mg/mL; 5 mL", said(drawn={5}, concentrations={TENTHS_8})),
        ("0.8 mg/mL, 5 mL", said(drawn={5}, concentrations={TENTHS_8})),
        ("5 mL 0.8 mg/mL", said(volumes={5}, concentrations={TENTHS_8})),
        ("5 mL and 10 mL of 0.8 mg/mL", said(volumes={5}, drawn={10}, concentrations={TENTHS_8})),
        ("5 mL (4 mg)", said(masses={4}, volumes={5})),
        ("4 mg IV in 5 mL", said(masses={4}, volumes={5})),
        ("10 mL, 5 mL", said(volumes={5, 10})),
        ("5 mL: 2", said(volumes={5})),
        ("5 mL/2 h", said(volumes={5})),
        (", 5 mL", said(volumes={5})),
    ],
)
def test_where_a_volume_belongs(text: str, expected: Said) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4-8 mg", said(masses={8})),
        ("1-2 vials", said(pieces={2})),
        ("10-15 mL", said(volumes={15})),
        ("4-8,5 mg", said(unclear=True)),
        ("4-8", said()),
        ("1-2 weeks, 4 mg", said(masses={4})),
    ],
)
def test_of_a_span_the_upper_end_where_the_most_is_asked(text: str, expected: Said) -> None:
    assert read(text, upper=True) == expected


def test_a_text_of_too_many_numbers_states_nothing() -> None:
    assert read("4 mg" + " 1" * (MOST_NUMBERS - 1)) == said(masses={4})
    assert read("4 mg" + " 1" * MOST_NUMBERS) == said(unclear=True)


@pytest.mark.parametrize(
    ("parts", "piece_mg", "dose"),
    [
        (said(masses={4}), None, 4),
        (said(masses={4}, unclear=True), None, None),
        (said(masses={4, 8}), None, None),
        # Several of anything are not settled by the one of another.
        (said(masses={4, 8}, drawn={5}, concentrations={TENTHS_8}), None, None),
        (said(masses={4}, drawn={5, 10}, concentrations={TENTHS_8}), None, None),
        (said(masses={4}, drawn={5}, concentrations={TENTHS_8, 2}), None, None),
        (said(masses={4, 8}, pieces={2}), 4, None),
        (said(masses={4}, pieces={1, 2}), None, None),
        (said(pieces={1, 2}), 4, None),
        (said(drawn={5}, concentrations={TENTHS_8}), None, 4),
        (said(masses={4}, drawn={5}, concentrations={TENTHS_8}), None, 4),
        (said(masses={5}, drawn={5}, concentrations={TENTHS_8}), None, None),
        (said(drawn={5}), None, None),
        (said(concentrations={TENTHS_8}), None, None),
        (said(), 4, None),
        (said(pieces={2}), 4, 8),
        (said(pieces={2}), None, None),
        (said(pieces={2}, each={5}), 4, 10),
        (said(pieces={2}, contents={5}), 4, 10),
        (said(pieces={2}, each={4}, contents={5}), 4, None),
        (said(pieces={2}, each={4}, contents={4}), None, 8),
        (said(masses={8}, pieces={2}), None, None),
        (said(masses={8}, pieces={2}), 4, 8),
        (said(masses={4}, pieces={1}), None, 4),
        (said(masses={4}, pieces={1}), 5, 4),
        (said(masses={4}, pieces={1}, each={5}), None, None),
        (said(masses={8}, pieces={2}, each={5}), None, None),
    ],
)
def test_the_one_dose_of_the_parts(parts: Said, piece_mg: int | None, dose: int | None) -> None:
    assert parts.dose(None if piece_mg is None else Fraction(piece_mg)) == dose


@pytest.mark.parametrize(
    ("parts", "volume", "poured"),
    [
        (said(volumes={5}), 5, None),
        (said(drawn={5}), 5, 5),
        (said(volumes={5}, drawn={5}), 5, 5),
        (said(volumes={5}, drawn={10}), None, 10),
        (said(volumes={5}, unclear=True), None, None),
        (said(volumes={5}, masses={4}), None, None),
        (said(volumes={5}, each={4}), None, None),
        (said(volumes={5}, contents={4}), None, None),
        (said(volumes={5}, loose={4}), None, None),
        (said(volumes={5}, concentrations={4}), None, None),
        (said(volumes={5}, pieces={2}), None, None),
        (said(drawn={5}, masses={4}), None, None),
        (said(drawn={5}, pieces={2}), None, None),
        (said(drawn={5, 10}), None, None),
        (said(), None, None),
    ],
)
def test_a_volume_tells_the_dose_where_nothing_else_does(parts: Said, volume: int | None, poured: int | None) -> None:
    assert (parts.volume(), parts.poured()) == (volume, poured)


@pytest.mark.parametrize(
    ("parts", "piece"),
    [
        (said(masses={4}), 4),
        (said(each={4}), 4),
        (said(contents={4}), 4),
        (said(loose={4}), 4),
        (said(masses={4}, loose={4}), 4),
        (said(masses={4}, each={5}), None),
        (said(masses={4}, contents={5}), None),
        (said(each={4}, loose={5}), None),
        (said(masses={4}, unclear=True), None),
        (said(volumes={5}, concentrations={TENTHS_8}), 4),
        (said(drawn={5}, concentrations={TENTHS_8}), 4),
        (said(volumes={5}, drawn={10}, concentrations={TENTHS_8}), None),
        (said(volumes={5}), None),
        (said(concentrations={TENTHS_8}), None),
        (said(), None),
    ],
)
def test_what_one_piece_of_a_name_holds(parts: Said, piece: int | None) -> None:
    assert parts.piece() == piece
