"""What one piece of a product holds, and what a volume of it is: exact, or the labelled dose within the rounding."""

from __future__ import annotations

from fractions import Fraction

import pytest

from cds_service.facts.pieces import NOTHING_KNOWN, Piece

F = Fraction
LABELLED = (F(3), F("3.3"), F("3.5"), F(4))
ZOLEDRONATE = Piece(F(4), F(5), F("0.8"), LABELLED)


def test_a_piece_takes_the_one_mass_that_a_text_states() -> None:
    bare = Piece(None, F(5), F("0.8"), LABELLED)
    assert bare.known_from([F(4), F(4)]) == ZOLEDRONATE
    assert bare.known_from([F(4), F(5)]) == bare
    assert bare.known_from([]) == bare
    assert ZOLEDRONATE.known_from([F(5)]) == ZOLEDRONATE


def test_a_piece_is_filled_up_where_it_is_silent() -> None:
    other = Piece(F(60), F(1), F(70), (F(120),))
    assert ZOLEDRONATE.or_else(other) == ZOLEDRONATE
    assert NOTHING_KNOWN.or_else(ZOLEDRONATE) == ZOLEDRONATE
    assert Piece(mg=F(4)).or_else(other) == Piece(F(4), F(1), F(70), (F(120),))
    assert Piece(ml=F(5), labelled=LABELLED).or_else(other) == Piece(F(60), F(5), F(70), LABELLED)
    assert Piece(mg_per_ml=F(1)).or_else(NOTHING_KNOWN) == Piece(mg_per_ml=F(1))


def test_a_computed_strength_near_a_label_is_the_label_s() -> None:
    syringe = Piece(F(119), F("1.7"), F(70), (F(60), F(120)))
    assert syringe.as_labelled() == Piece(F(120), F("1.7"), F(70), (F(60), F(120)))
    for other in (Piece(F(118), F("1.7"), F(70), (F(120),)), Piece(F(119), None, F(70), (F(120),)), ZOLEDRONATE):
        assert other.as_labelled() == other


@pytest.mark.parametrize(
    ("piece", "ml", "half", "mg"),
    [
        (ZOLEDRONATE, "5", "0.5", "4"),
        (ZOLEDRONATE, "10", "0.5", "8"),
        (ZOLEDRONATE, "4.4", "0.05", "3.5"),
        (ZOLEDRONATE, "4.3", "0.05", "3.44"),  # no label within its rounding
        (ZOLEDRONATE, "30", "0.5", "24"),  # six pieces are a dose,
        (ZOLEDRONATE, "30.1", "0.05", None),  # more are the volume of an infusion
        (Piece(F(4), F(5)), "2", "0.5", "1.6"),
        (Piece(None, None, F("0.8")), "100", "0.5", "80"),
        (Piece(None, F(5), F("0.8")), "5", "0.5", "4"),
        (Piece(F(4)), "5", "0.5", None),
        (Piece(None, F(5)), "5", "0.5", None),
        (NOTHING_KNOWN, "5", "0.5", None),
        (Piece(F(120), F("1.7"), F(70)), "3.4", "0.05", "240"),  # two whole syringes
        (Piece(F(120), F("1.7"), F(70)), "1.6", "0.05", "112"),
    ],
)
def test_the_mass_in_a_volume(piece: Piece, ml: str, half: str, mg: str | None) -> None:
    assert piece.in_volume(F(ml), F(half), most_pieces=6) == (None if mg is None else F(mg))


@pytest.mark.parametrize(
    ("mg", "ml", "expected"),
    [
        ("3.52", "4.4", "3.5"),  # 4.35 to 4.45 mL: 3.48 to 3.56 mg
        ("3.56", "4.45", "3.56"),  # two digits leave no label
        ("3.46", "4.325", "3.46"),
        ("4", "5", "4"),
        ("3.52", None, "3.52"),
        ("3.2", "4", "3.2"),  # three labels lie within 3.5 to 4.5 mL
        ("3.2", "8", "3.2"),  # 3.0 and 3.4: 3 and 3.3
        ("3.1", "10", "3"),  # one label within 9.5 to 10.5 mL
        ("2.5", "2.5", "2.5"),
    ],
)
def test_a_dose_of_a_volume_in_a_text(mg: str, ml: str | None, expected: str) -> None:
    assert ZOLEDRONATE.labelled_near(F(mg), None if ml is None else F(ml)) == F(expected)


@pytest.mark.parametrize("edge", ["3.45", "3.55"])
def test_the_ends_of_the_rounding_count(edge: str) -> None:
    whole = Piece(F(10), F(10), F(1), (F(edge),))
    assert whole.labelled_near(F("3.5"), F("3.5")) == F(edge)
    assert whole.in_volume(F("3.5"), F("0.05"), 6) == F(edge)


def test_a_volume_of_more_digits_than_anybody_prints_is_taken_as_it_is() -> None:
    # Six digits at most are told apart: half of the last one is 1/2,000,000 of the volume's unit.
    near = Piece(labelled=(F(1) / 3 + F(1, 3_000_000), F(4)))
    assert near.labelled_near(F(1, 3), F(1, 3)) == F(1) / 3 + F(1, 3_000_000)
    far = Piece(labelled=(F(1) / 3 + F(1, 1_000_000), F(4)))
    assert far.labelled_near(F(1, 3), F(1, 3)) == F(1, 3)


def test_a_dose_of_no_size_is_none() -> None:
    assert NOTHING_KNOWN.labelled_near(F(10**40), None) is None
    assert Piece(mg_per_ml=F(10**40)).in_volume(F(1), F(0), 6) is None
