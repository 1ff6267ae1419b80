"""What one piece of a product (vial, syringe, tablet) holds: mass, volume, concentration."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

from cds_service.facts.exact import bounded


@dataclass(frozen=True, slots=True)
class Piece:
    """``mg`` in one piece, its volume in ``ml``, its concentration, and the drug's ``labelled`` doses in mg."""

    mg: Fraction | None = None
    ml: Fraction | None = None
    mg_per_ml: Fraction | None = None
    labelled: tuple[Fraction, ...] = ()

    def known_from(self, each: Iterable[Fraction]) -> Piece:
        """The same with the one mass of a piece that a text states."""
        stated = set(each)
        return replace(self, mg=stated.pop()) if self.mg is None and len(stated) == 1 else self

    def or_else(self, other: Piece) -> Piece:
        """The same, filled up from another source where this one is silent."""
        return Piece(
            self.mg or other.mg, self.ml or other.ml, self.mg_per_ml or other.mg_per_ml, self.labelled or other.labelled
        )

    def as_labelled(self) -> Piece:
        """The same with the labelled strength where 1.7 mL × 70 mg/mL only comes near it."""
        if self.mg and self.ml and self.mg_per_ml and self.mg == self.ml * self.mg_per_ml:
            return replace(self, mg=self.labelled_near(self.mg, self.ml))
        return self

    def in_volume(self, ml: Fraction, half: Fraction, most_pieces: int) -> Fraction | None:
        """The mg in a volume. ``half``: half of the volume's last printed digit.

        None when the concentration is unknown, and for more than ``most_pieces`` pieces' volume: that is the volume of
        the infusion.
        """
        concentration = self.mg_per_ml or (self.mg / self.ml if self.mg and self.ml else None)
        if concentration is None or (self.ml and ml > self.ml * most_pieces):
            return None
        if self.mg and self.ml and (ml / self.ml).denominator == 1:
            return bounded(ml / self.ml * self.mg)
        return self._labelled(ml * concentration, half * concentration)

    def labelled_near(self, mg: Fraction, ml: Fraction | None) -> Fraction | None:
        """A dose computed from a volume in a text, or the labelled one that the printed volume stands for."""
        if ml is None:
            return bounded(mg)
        # The denominator of the volume tells its digits: 4.4 is 22/5, 1.7 is 17/10.
        places = next((n for n in range(7) if (ml * 10**n).denominator == 1), 6)
        return self._labelled(mg, mg / ml * Fraction(1, 2 * 10**places))

    def _labelled(self, mg: Fraction, half: Fraction) -> Fraction | None:
        """Labels print volumes rounded (3.5 mg is drawn as 4.4 mL of 0.8 mg/mL): the one dose within the rounding."""
        near = [dose for dose in self.labelled if mg - half <= dose <= mg + half]
        return near[0] if len(near) == 1 else bounded(mg)


NOTHING_KNOWN = Piece()
