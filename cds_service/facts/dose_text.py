"""What a text says of a dose: masses, pieces and what each holds, volumes and concentrations. Nothing is guessed.

One dose is read where the text leaves no other: "4 mg"; "2 vials (4 mg/vial)" and "4mg×2支", which are 8 mg; "5 mL
(0.8 mg/mL)", which is 4 mg. A concentration, a rate, and a dose for the size of the body are no doses.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from fractions import Fraction

from cds_service.facts.exact import bounded
from cds_service.facts.tokens import NEAR, Term, Tokens

# A text with more numbers states no one dose.
MOST_NUMBERS = 40
# Words that begin how often, where "/" and "per" begin a rate.
OFTEN = frozenset({"every", "each", "每"})


@dataclass(slots=True)
class Said:
    """The parts found. ``unclear``: a span, a broken number or a factor that nobody can place."""

    masses: set[Fraction] = field(default_factory=set)  # mg, each the dose
    each: set[Fraction] = field(default_factory=set)  # mg of one piece
    contents: set[Fraction] = field(default_factory=set)  # mg in a stated volume
    filled: set[Fraction] = field(default_factory=set)  # mL of those contents
    loose: set[Fraction] = field(default_factory=set)  # mg of a name ("4mg×5"), no dose
    concentrations: set[Fraction] = field(default_factory=set)  # mg/mL
    pieces: set[Fraction] = field(default_factory=set)
    volumes: set[Fraction] = field(default_factory=set)  # mL, not those of a concentration
    drawn: set[Fraction] = field(default_factory=set)  # mL standing before their concentration
    unclear: bool = False

    def poured(self) -> Fraction | None:
        """The millilitres by which the dose is told, where it is told by nothing else."""
        return None if self.masses or self.pieces else only(self.drawn)

    def dose(self, piece_mg: Fraction | None) -> Fraction | None:
        """The one dose in mg. ``piece_mg``: what a piece holds where the text does not say."""
        if self.unclear or max(len(self.masses), len(self.pieces), len(self.drawn), len(self.concentrations)) > 1:
            return None
        mass = only(self.masses)
        if self.pieces:
            return self._of_pieces(only(self.pieces), mass, piece_mg)
        drawn, concentration = only(self.drawn), only(self.concentrations)
        by_volume = drawn * concentration if drawn and concentration else None
        if mass and by_volume:
            return mass if mass == by_volume else None
        return bounded(mass or by_volume)

    def measured_out(self, labelled: Collection[Fraction] = ()) -> Fraction | None:
        """ "650 mg/20.3 mL": a mass in so odd a volume is a dose and no concentration; in a whole one ("4 mg/100 mL")
        where the drug is ``labelled`` to be given so. Nothing else in the text may tell a dose."""
        told = self.masses | self.each | self.loose | self.pieces | self.volumes | self.drawn
        mass, volume = only(self.contents), only(self.filled)
        if self.unclear or told or mass is None or volume is None:
            return None
        return mass if volume.denominator != 1 or mass in labelled else None

    def _of_pieces(self, count: Fraction | None, mass: Fraction | None, piece_mg: Fraction | None) -> Fraction | None:
        stated = self.each | self.contents
        if len(stated) > 1 or count is None:
            return None
        one = only(stated) or piece_mg
        total = bounded(count * one) if one else None
        if mass is None:
            return total
        if stated or count != 1:
            return mass if mass == total else None
        return mass

    def volume(self) -> Fraction | None:
        """The one volume in mL, where nothing else tells the dose: "10 mL q4h"."""
        others = self.masses | self.each | self.contents | self.loose | self.concentrations | self.pieces
        return None if self.unclear or others else only(self.volumes | self.drawn)

    def piece(self) -> Fraction | None:
        """What one piece of a product with this name holds, in mg."""
        if self.unclear:
            return None
        stated = self.masses | self.each | self.contents | self.loose
        if stated:
            return only(stated)
        volume, concentration = only(self.volumes | self.drawn), only(self.concentrations)
        return bounded(volume * concentration) if volume and concentration else None


def only(values: set[Fraction]) -> Fraction | None:
    """The one member of a set of one."""
    return next(iter(values)) if len(values) == 1 else None


class TextReader:
    """Finds the parts of a dose in texts."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def read(self, line: str, *, upper: bool = False) -> Said:
        """The parts of a dosage or of a product's name, made ready by ``told``. ``upper``: of a span its upper end."""
        numbers = self._tokens.numbers(line)
        said = Said(unclear=numbers > MOST_NUMBERS)
        terms = self._tokens.terms(line) if 0 < numbers <= MOST_NUMBERS else []
        if upper:
            terms = [*map(self._upper, terms)]
        for at, term in enumerate(terms):
            if term.kind in ("range", "mass", "piece", "volume") and _limited(terms, at):
                continue
            if term.kind == "range":
                said.unclear |= self._tokens.kind(term.word) in ("mass", "piece", "volume")
            elif term.kind in ("mass", "piece", "volume") and term.unread:
                said.unclear |= not _in_all(terms, at)
            elif term.value is None:
                continue
            elif term.kind == "mass":
                _mass(terms, at, term.value, said)
            elif term.kind == "piece":
                said.pieces.add(term.value)
            elif term.kind == "volume" and not _of_a_concentration(terms, at):
                (said.drawn if _drawn(terms, at) else said.volumes).add(term.value)
        return said

    def _upper(self, term: Term) -> Term:
        kind = self._tokens.kind(term.word)
        amount = term.kind == "range" and term.high is not None and kind in ("mass", "piece", "volume")
        return Term(kind, term.word, term.high) if amount else term


def _at(terms: list[Term], at: int) -> Term:
    return terms[at] if 0 <= at < len(terms) else Term("stop", "")


def _limited(terms: list[Term], at: int) -> bool:
    """Whether an amount is the most that may be given ("max 4 g", "Max daily amount: 60 mg")."""
    for before in reversed(terms[max(0, at - NEAR) : at]):
        if before.kind == "limit":
            return True
        if before.value is not None or before.kind == "stop":
            break
    return False


def _mass(terms: list[Term], at: int, mg: Fraction, said: Said) -> None:
    """Puts one mass where it belongs by what stands around it."""
    before, after = _at(terms, at - 1), _at(terms, at + 1)
    if (volume := _volume_of(terms, at)) is not None:
        _in_volume(terms, at, mg, volume, said)
        return
    if after.kind == "per" and _each(terms, at):
        said.each.add(mg)
    elif after.kind == "per" and before.kind == "times" and _at(terms, at + 2).kind == "piece":
        _of_a_kind(terms, at, mg, said)
    elif (unit := _divisor(terms, at)) is not None:
        _divided(terms, at, unit, mg, said)
    elif after.kind == "piece" and after.value is None:
        _of_a_kind(terms, at, mg, said)
    elif after.kind == "times":
        _times(terms, at, mg, said)
    elif before.kind in ("times", "of") and _counted(_at(terms, at - 2)):
        said.each.add(mg)
    elif before.kind == "times" and _at(terms, at - 2).kind == "number":
        said.loose.add(mg)
        said.unclear = True
    else:
        said.masses.add(mg)
    if after.kind == "per" and _at(terms, at + 2).kind == "piece":
        _times(terms, at + 2, mg, said)


def _in_volume(terms: list[Term], at: int, mg: Fraction, volume: Fraction, said: Said) -> None:
    """A mass in a volume: a concentration, and what that volume holds; by the hour it is neither."""
    before, after = _at(terms, at - 1), _at(terms, at + 1)
    said.concentrations.add(mg / volume)
    if after.kind == "per" and _at(terms, at + 3).kind == "per" and not _so_often(terms, at + 3):
        said.unclear = True  # "50 mg/12.5 mL/h"
    elif volume != 1 or "colon" in (after.kind, before.kind):
        said.contents.add(mg)
        said.filled.add(volume)


def _so_often(terms: list[Term], at: int) -> bool:
    """ "500 mg every 6 hours", 每次10mg 每12小时1次: how often it is given, and no rate as "16 mg/h" is."""
    span = _at(terms, at + 1)
    return _at(terms, at).word in OFTEN and span.kind == "clock" and span.value is not None


def _in_all(terms: list[Term], at: int) -> bool:
    """ "2 tablets (1,000 mg total)": what the pieces are together, said once more."""
    return _at(terms, at - 1).word == "(" and _counted(_at(terms, at - 2)) and _at(terms, at + 1).word == "total"


def _counted(term: Term) -> bool:
    return term.kind == "piece" and term.value is not None


def _volume_of(terms: list[Term], at: int) -> Fraction | None:
    """The millilitres a mass stands in: "4 mg/5 mL", "per mL", "每毫升含4mg", "100ml:4mg", "in each mL"."""
    after, next_one = _at(terms, at + 1), _at(terms, at + 2)
    if after.kind in ("per", "colon") and next_one.kind == "volume":
        return next_one.value or (None if next_one.unread else Fraction(1))
    if after.kind == "in":
        place = at + 3 if next_one.kind == "per" else at + 2
        inside = _at(terms, place)
        one = inside.value in (None, 1) and not inside.unread
        return Fraction(1) if inside.kind == "volume" and one and (inside.value or place == at + 3) else None
    before = _at(terms, at - 1)
    if before.kind in ("colon", "per") and _at(terms, at - 2).kind == "volume" and _at(terms, at - 2).value:
        return _at(terms, at - 2).value
    divided = _per_before(terms, at)
    return Fraction(1) if divided is not None and divided.kind == "volume" and after.kind != "per" else None


def _per_before(terms: list[Term], at: int) -> Term | None:
    """The bare unit of a "per" before a mass, with only words between: 每支4mg, "each vial contains 4 mg"."""
    for back in range(at - 1, max(at - 8, 0), -1):
        if terms[back].kind in ("stop", "number", "range", "mass") or terms[back].value is not None:
            return None
        if terms[back - 1].kind == "per" and terms[back].kind not in ("word", "colon"):
            # Not the denominator of what stands before it: 2支/次, 4 mg/vial.
            held = _at(terms, back - 2).value is not None
            return None if held or terms[back].value is not None else terms[back]
    return None


def _divisor(terms: list[Term], at: int) -> Term | None:
    """The unit by which a mass is divided, behind it or in front of it."""
    return _at(terms, at + 2) if _at(terms, at + 1).kind == "per" else _per_before(terms, at)


def _divided(terms: list[Term], at: int, unit: Term, mg: Fraction, said: Said) -> None:
    if _so_often(terms, at + 1):
        said.masses.add(mg)
    elif unit.kind == "piece" and unit.value in (None, 1):
        said.each.add(mg)
    elif unit.kind == "number":
        said.loose.add(mg)
    elif unit.kind not in ("body", "clock", "volume"):
        said.masses.add(mg)


def _each(terms: list[Term], at: int) -> bool:
    """ "4 mg each", "4 mg ea": not followed by what it divides by."""
    return terms[at + 1].word in ("each", "ea") and _at(terms, at + 2).kind in ("stop", "word")


def _of_a_kind(terms: list[Term], at: int, mg: Fraction, said: Said) -> None:
    """ "two 4 mg vials", "2 x 4 mg vials", "4 mg vials x 2", or one "4 mg vial"."""
    place = at - 2 if _at(terms, at - 1).kind == "times" else at - 1
    count = _at(terms, place)
    free = count.kind == "number" and not (count.glued and _at(terms, place - 1).word[-1:].isalpha())
    if count.kind == "number":
        if free and count.value is not None and _at(terms, place - 1).kind not in ("calendar", "clock"):
            said.each.add(mg)
            said.pieces.add(count.value)
        else:
            said.unclear = True
    elif _at(terms, at + 2).kind == "times":
        _times(terms, at + 1, mg, said)
    elif terms[at + 1].word.endswith("s"):
        said.each.add(mg)
    else:
        said.masses.add(mg)


def _times(terms: list[Term], at: int, mg: Fraction, said: Said) -> None:
    """A factor behind a mass or its piece: 4mg×2支, 4mg/支×2. Days and givings (×3天, x 1 dose) are no factor."""
    if _at(terms, at + 1).kind != "times":
        return
    factor = _at(terms, at + 2)
    per_piece = terms[at].kind == "piece"
    if factor.value is None or factor.unread:
        said.unclear = True
    elif factor.kind == "piece":
        said.each.add(mg)  # the pieces themselves are counted where they stand
    elif factor.kind == "number" and per_piece:
        said.each.add(mg)
        said.pieces.add(factor.value)
    elif not per_piece and (factor.kind in ("calendar", "giving", "clock") or factor.value == 1):
        said.masses.add(mg)
    else:
        said.loose.add(mg)
        said.unclear = True


def _of_a_concentration(terms: list[Term], at: int) -> bool:
    """Whether a volume is the denominator of a mass rather than one that is given."""
    if _at(terms, at - 1).kind in ("per", "colon") and _at(terms, at - 2).kind == "mass":
        return True
    return _at(terms, at + 1).kind in ("colon", "per") and _at(terms, at + 2).kind == "mass"


def _drawn(terms: list[Term], at: int) -> bool:
    """Whether a volume stands right beside the concentration it is taken of; any other is the infusion's.

    "5 mL (0.8 mg/mL)", "5 mL of 0.8 mg/mL", "0.8 mg/mL, 5 mL".
    """
    ahead, back = at + 1, at - 1
    while _at(terms, ahead).kind == "of" or _at(terms, ahead).word in ("(", "["):
        ahead += 1
    if ahead > at + 1 and _at(terms, ahead).kind == "mass" and _volume_of(terms, ahead) is not None:
        return True
    while back >= 0 and terms[back].word in (",", ")", "]", ";"):
        back -= 1
    return (
        _at(terms, back).kind == "volume" and _at(terms, back - 1).kind == "per" and _at(terms, back - 2).kind == "mass"
    )
