"""Quantities of orders as exact masses, volumes and rates."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from cds_service.facts.bounded import norm
from cds_service.facts.exact import bounded, positive
from cds_service.facts.pieces import NOTHING_KNOWN, Piece
from cds_service.fhir.structs import DoseAndRate, Medication, Quantity, many
from cds_service.knowledge.dosing import Dosing


class Amounts:
    """Reads quantities with the unit tables of ``cards/dosing.yaml``; a unit of none of them is not read."""

    def __init__(self, dosing: Dosing) -> None:
        self._mg = {norm(u): f for u, f in dosing.milligrams.items()}
        self._ml = {norm(u): f for u, f in dosing.millilitres.items()}
        self._minutes = {norm(u): f for u, f in dosing.minutes.items()}
        self._pieces = frozenset(norm(u) for u in dosing.pieces)
        self._most_pieces = dosing.most_pieces

    def mass(self, quantity: Quantity, piece: Piece = NOTHING_KNOWN) -> Fraction | None:
        """mg, of a mass or of pieces or a volume of something known."""
        value = positive(quantity.value)
        if value is None or quantity.value is None or quantity.comparator:
            return None
        units = [norm(u) for u in (quantity.code, quantity.unit) if u]
        for unit in units:
            if factor := self._mg.get(unit):
                return bounded(value * factor)
            if factor := self._ml.get(unit):
                return piece.in_volume(value * factor, _precision(quantity.value) * factor, self._most_pieces)
        return bounded(value * piece.mg) if piece.mg and any(u in self._pieces for u in units) else None

    def volume(self, quantity: Quantity | None) -> Fraction | None:
        """mL."""
        if quantity is None or quantity.comparator:
            return None
        factors = (self._ml[norm(u)] for u in (quantity.code, quantity.unit) if u and norm(u) in self._ml)
        factor, value = next(factors, None), positive(quantity.value)
        return bounded(value * factor) if factor and value else None

    def minutes(self, value: Decimal | None, *units: str | None) -> Fraction | None:
        """A length of time in minutes; the first unit that is known counts."""
        unit = next((self._minutes[norm(u)] for u in units if u and norm(u) in self._minutes), None)
        length = positive(value)
        return bounded(length * unit) if unit and length else None

    def rate(self, each: DoseAndRate) -> Fraction | None:
        """mg per minute, where the rate is one of mass; a volume rate says nothing without the concentration."""
        if each.rate_ratio and each.rate_ratio.numerator and each.rate_ratio.denominator:
            mass, time = self.mass(each.rate_ratio.numerator), each.rate_ratio.denominator
            span = self.minutes(time.value, time.code, time.unit)
            return bounded(mass / span) if mass and span else None
        quantity = each.rate_quantity
        for text in (quantity.code, quantity.unit) if quantity else ():
            mass_unit, _, time_unit = norm(text).partition("/")
            factor, per = self._mg.get(mass_unit), self._minutes.get(time_unit)
            value = positive(quantity.value if quantity else None)
            if factor and per and value:
                return bounded(value * factor / per)
        return None

    def of_medication(self, medication: Medication) -> Piece:
        """What a Medication resource says of one piece: the strength of its one ingredient, per piece or per volume."""
        if len(ingredients := many(medication.ingredient)) != 1:
            return NOTHING_KNOWN
        volume = self.volume(medication.amount.numerator if medication.amount else None)
        volume = volume or self.volume(medication.total_volume)
        (ingredient,) = ingredients
        if ingredient.strength_quantity:
            return Piece(self.mass(ingredient.strength_quantity), volume)
        ratio = ingredient.strength or ingredient.strength_ratio
        if ratio is None or ratio.numerator is None or ratio.denominator is None:
            return Piece(None, volume)
        mg, per = self.mass(ratio.numerator), positive(ratio.denominator.value)
        if (ml := self.volume(ratio.denominator)) is not None:
            concentration = bounded(mg / ml) if mg else None
            volume = volume or (ml if ml != 1 else None)
            return Piece(bounded(concentration * volume) if concentration and volume else None, volume, concentration)
        units = [norm(u) for u in (ratio.denominator.code, ratio.denominator.unit) if u]
        counted = not units or any(u in self._pieces for u in units)
        return Piece(bounded(mg / per) if mg and per and counted else None, volume)


def _precision(value: Decimal) -> Fraction:
    """Half a unit of the last digit as printed: 4.4 mL is anything from 4.35 to 4.45 mL."""
    exponent = value.as_tuple().exponent
    return Fraction(10) ** min(exponent, 0) / 2 if isinstance(exponent, int) else Fraction(0)
