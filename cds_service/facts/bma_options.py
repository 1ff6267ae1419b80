"""The chapter of what could be given: each drug of Table 2 at its dose for this clearance, and denosumab; or why not.

One reading for every topic that offers a bone-modifying drug, so that no two cards offer different ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from cds_service.facts.allergies import KEYS as ALLERGY_KEYS
from cds_service.facts.allergies import Allergies
from cds_service.facts.calcium import KEYS as CALCIUM_KEYS
from cds_service.facts.calcium import Calcium
from cds_service.facts.creatinine import KEYS as CREATININE_KEYS
from cds_service.facts.creatinine import Creatinine
from cds_service.facts.diagnoses import KEYS as DIAGNOSIS_KEYS
from cds_service.facts.diagnoses import Diagnoses
from cds_service.facts.explained import Fact
from cds_service.facts.renal import KEYS as RENAL_KEYS
from cds_service.facts.renal import LOOK_BACK as RENAL_LOOK_BACK
from cds_service.facts.renal import Renal
from cds_service.knowledge.model import Band, Recommendation

KEYS = tuple(dict.fromkeys((*RENAL_KEYS, *CREATININE_KEYS, *CALCIUM_KEYS, *DIAGNOSIS_KEYS, *ALLERGY_KEYS)))
LOOK_BACK = RENAL_LOOK_BACK
DENOSUMAB, IBANDRONATE = "denosumab", "ibandronate"
# The topic that Table 2 and the label's limit of ibandronate stand in.
TABLE_TOPIC, TABLE, LABEL_LIMIT = "bisphosphonate-renal-dose", "table_2", "ibandronate_label_creatinine"

Why = Literal[
    "allergy", "dialysis", "unsteady", "clearance-unknown", "no-row", "not-recommended", "label-limit", "calcium-low"
]


@dataclass(frozen=True, slots=True)
class DoseTable:
    """Table 2 by drug, and by unit the creatinine above which the label of ibandronate forbids it."""

    rows: Mapping[str, list[Band]]
    label_limit: Mapping[str, Fraction]

    @classmethod
    def of(cls, topic: Recommendation) -> DoseTable:
        """Of the topic ``TABLE_TOPIC``, as this site has it."""
        limits = [topic.parameters[name] for name in (LABEL_LIMIT, f"{LABEL_LIMIT}_si")]
        return cls(topic.tables[TABLE].rows, {p.unit: Fraction(p.value) for p in limits})


@dataclass(frozen=True, slots=True)
class Option:
    """``mg``: by the table; None: the one dose of the drug. ``between``: the table has no row for just this one."""

    drug: str
    mg: Fraction | None
    between: bool = False


@dataclass(frozen=True, slots=True)
class LeftOut:
    """``printed``: the row of the table that leaves it out."""

    drug: str
    why: Why
    printed: str | None = None


@dataclass(frozen=True, slots=True)
class Options:
    """What can be offered, denosumab first, and what cannot. ``waits``: none is ordered before the low calcium is
    corrected."""

    offered: tuple[Option, ...]
    left_out: tuple[LeftOut, ...]
    waits: bool = False

    @property
    def orderable(self) -> tuple[Option, ...]:
        """Those that a button may order today."""
        return () if self.waits else self.offered

    def bisphosphonates(self) -> tuple[Option, ...]:
        return tuple(o for o in self.offered if o.drug != DENOSUMAB)

    def offers(self, drug: str) -> bool:
        return any(o.drug == drug for o in self.offered)


@dataclass(frozen=True, slots=True)
class Known:
    """What decides: ``unsteady``: creatinine moves, and gives no clearance."""

    renal: Renal
    creatinine: Creatinine
    unsteady: bool
    calcium: Calcium
    diagnoses: Diagnoses
    allergies: Allergies


def options(table: DoseTable, known: Known) -> Options:
    """For this patient. No dose is taken from an unsteady creatinine, none of oral drugs."""
    found = [_denosumab(known), *(_bisphosphonate(drug, table, known) for drug in table.rows)]
    return Options(
        tuple(each for each in found if isinstance(each, Option)),
        tuple(each for each in found if isinstance(each, LeftOut)),
        waits=known.calcium.level == "low",
    )


def _denosumab(known: Known) -> Option | LeftOut:
    if known.allergies.forbid(DENOSUMAB, "rankl-inhibitor"):
        return LeftOut(DENOSUMAB, "allergy")
    return LeftOut(DENOSUMAB, "calcium-low") if known.calcium.level == "low" else Option(DENOSUMAB, None)


def _bisphosphonate(drug: str, table: DoseTable, known: Known) -> Option | LeftOut:
    if known.allergies.forbid(drug, "bisphosphonate"):
        return LeftOut(drug, "allergy")
    if known.diagnoses.has("dialysis"):
        return LeftOut(drug, "dialysis")
    if known.unsteady:
        return LeftOut(drug, "unsteady")
    if known.renal.clearance is None:
        return LeftOut(drug, "clearance-unknown")
    band = next((b for b in table.rows[drug] if b.holds(known.renal.clearance.value)), None)
    if band is None:
        return LeftOut(drug, "no-row")
    if band.mg is None:
        return LeftOut(drug, "not-recommended", band.printed)
    if drug == IBANDRONATE and _above_label(known.creatinine, table):
        return LeftOut(drug, "label-limit")
    # The rows are printed as above and below a number: of the number itself the table says nothing.
    between = band.printed.startswith("<") and band.to == known.renal.clearance.value
    return Option(drug, band.mg, between)


def _above_label(creatinine: Creatinine, table: DoseTable) -> bool:
    """The label prints its limit in two units; it is compared in the laboratory's."""
    current = creatinine.current
    return current is not None and current.lab > table.label_limit[current.lab_unit]


def explained(options: Options) -> Iterator[Fact]:
    """What cannot be offered, and why. What could be is said by the cards that offer it, and by no other."""
    if options.left_out:
        yield Fact("options-left-out", {"left_out": options.left_out})
