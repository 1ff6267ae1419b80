"""Published formulas of the body and the kidneys, exactly: fractions in, fractions out."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

# Cockcroft DW, Gault MH. Prediction of creatinine clearance from serum creatinine. Nephron 1976;16:31-41. The original
# form, (140 - age) x weight / (72 x creatinine in mg/dL), 15 % less in women; not the rounded factors for µmol/L.
COCKCROFT_GAULT_AGE = 140
COCKCROFT_GAULT_DIVISOR = 72
COCKCROFT_GAULT_FEMALE = Fraction("0.85")

# Mosteller RD. Simplified calculation of body-surface area. N Engl J Med 1987;317:1098: root of (cm x kg / 3600), m².
MOSTELLER_DIVISOR = 3600
ROOT_SCALE = 10**20  # a root that is no fraction is cut off here: always at the same place, far below what is shown
EGFR_SURFACE = Fraction("1.73")  # m², what an eGFR is indexed to

# Devine BJ. Gentamicin therapy. Drug Intell Clin Pharm 1974;8:650-655: kg at 60 inches, and kg for each inch above.
# Below 60 inches the formula says nothing, so neither do we.
DEVINE_AT_60_INCHES = {"male": Fraction(50), "female": Fraction("45.5")}
DEVINE_PER_INCH = Fraction("2.3")
INCH = Fraction("2.54")  # cm
# Ideal weight plus this share of what is above it, the usual adjustment (as in Winter MA, Guhr KN, Berg GM.
# Pharmacotherapy 2012;32:604-612).
ADJUSTED_SHARE = Fraction("0.4")


def cockcroft_gault(sex: str, age: int, weight: Fraction, creatinine: Fraction) -> Fraction:
    """Clearance in mL/min from age in years, weight in kg and serum creatinine in mg/dL (above zero)."""
    male = (COCKCROFT_GAULT_AGE - age) * weight / (COCKCROFT_GAULT_DIVISOR * creatinine)
    return male * COCKCROFT_GAULT_FEMALE if sex == "female" else male


def mosteller(height: Fraction, weight: Fraction) -> Fraction:
    """Body surface in m² from height in cm and weight in kg."""
    square = height * weight / MOSTELLER_DIVISOR
    above, below = isqrt(square.numerator), isqrt(square.denominator)
    if Fraction(above, below) ** 2 == square:
        return Fraction(above, below)
    return Fraction(isqrt(square.numerator * ROOT_SCALE**2 // square.denominator), ROOT_SCALE)


def other_weights(sex: str, height: Fraction, weight: Fraction) -> dict[str, Fraction]:
    """Ideal and adjusted weight in kg, where the actual weight is above the ideal one. Height in cm, weight in kg."""
    above = height / INCH - 60
    if above < 0:
        return {}
    ideal = DEVINE_AT_60_INCHES[sex] + DEVINE_PER_INCH * above
    # Below the ideal weight nobody doses by a weight the patient does not have.
    if weight <= ideal:
        return {}
    return {"ideal": ideal, "adjusted": ideal + ADJUSTED_SHARE * (weight - ideal)}
