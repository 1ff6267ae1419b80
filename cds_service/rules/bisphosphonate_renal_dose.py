"""Table 2, §4.1.4.2: the dose of a bisphosphonate for the patient's creatinine clearance."""

from collections.abc import Iterator
from fractions import Fraction

from cds_service.evaluate.outcome import Advise, CreateDrug, DeleteOrder, NoAdvice, Outcome, ReviseOrder, Suggestion
from cds_service.evaluate.triggers import ordered, rule
from cds_service.facts.facts import Facts
from cds_service.facts.renal import Clearance
from cds_service.facts.subjects import DrugOrder
from cds_service.knowledge.model import Band, Parameters

TABLE = "table_2"


@rule("bisphosphonate-renal-dose", ordered("bisphosphonate"))
def bisphosphonate_renal_dose(order: DrugOrder, facts: Facts, p: Parameters) -> Outcome:
    clearance, bands = facts.renal.clearance, p.bands(TABLE, order.drug)
    if not bands or order.route == "oral":
        return NoAdvice("no-row")
    if _for_hypercalcaemia(order, facts, p):
        return NoAdvice("hypercalcaemia")
    if clearance is None:
        return NoAdvice("clearance-unknown")
    band = _band(bands, clearance.value)
    data: dict[str, object] = {
        "band": band,
        "other_weights": _other_weights(clearance, bands),
    }
    if band is None:
        return _above_the_table(order, p, data)
    if band.dose is None:
        others = tuple(_others(order, facts, clearance, p))
        suggestions = tuple(_instead(order, others, facts, p))
        return Advise(p.indicator("not-recommended"), "not-recommended", data | {"alternatives": others}, suggestions)
    row = Fraction(band.dose)
    data |= {"row": row}
    if order.dose is None:
        return Advise(p.indicator("no-dose"), "no-dose", data | {"problem": order.dose_problem})
    if order.dose.mg == row:
        if order.drug == "ibandronate" and _above_label_limit(facts, p):
            return Advise(p.indicator("label-limit"), "label-limit", data)
        return NoAdvice("equal", data)
    said = "above" if order.dose.mg > row else "below"
    revise = Suggestion("revise", (ReviseOrder(order, mg=row),), recommended=said == "above")
    return Advise(p.indicator(said), said, data, (revise,))


def _for_hypercalcaemia(order: DrugOrder, facts: Facts, p: Parameters) -> bool:
    """Zoledronic acid for hypercalcaemia: the label does not reduce it, below a creatinine that it names."""
    if order.drug != "zoledronic-acid" or "hypercalcaemia" not in order.indications:
        return False
    creatinine = _current_creatinine(facts)
    return creatinine is None or creatinine < p.number("hypercalcaemia_creatinine")


def _above_label_limit(facts: Facts, p: Parameters) -> bool:
    creatinine = _current_creatinine(facts)
    return creatinine is not None and creatinine > p.number("ibandronate_label_creatinine")


def _current_creatinine(facts: Facts) -> Fraction | None:
    current = facts.creatinine.current
    return current.value if current else None


def _band(bands: list[Band], clearance: Fraction) -> Band | None:
    return next((b for b in bands if b.holds(clearance)), None)


def _other_weights(clearance: Clearance, bands: list[Band]) -> tuple[tuple[str, Fraction], ...]:
    """The other body weights with which the clearance would fall into another row."""
    own = _band(bands, clearance.value)
    return tuple((name, value) for name, value in clearance.by_other_weight if _band(bands, value) is not own)


def _above_the_table(order: DrugOrder, p: Parameters, data: dict[str, object]) -> Outcome:
    highest = p.number("ibandronate_highest")
    if order.dose is None or order.dose.mg <= highest:
        return NoAdvice("no-row-for-clearance", data)
    return Advise(p.indicator("above-printed"), "above-printed", data)


def _others(order: DrugOrder, facts: Facts, clearance: Clearance, p: Parameters) -> Iterator[tuple[str, Fraction]]:
    """The table's other drugs with their dose at this clearance, without those it or their label forbids."""
    for drug in p.drugs(TABLE):
        if drug == "ibandronate" and _above_label_limit(facts, p):
            continue
        band = _band(p.bands(TABLE, drug), clearance.value) if drug != order.drug else None
        if band and band.dose is not None:
            yield drug, Fraction(band.dose)


def _instead(
    order: DrugOrder, others: tuple[tuple[str, Fraction], ...], facts: Facts, p: Parameters
) -> Iterator[Suggestion]:
    """Removing the order, or one of the other drugs in its place, or denosumab unless calcium is low."""
    yield Suggestion("delete", (DeleteOrder(order),), recommended=True)
    for drug, mg in others:
        yield Suggestion("replace", (DeleteOrder(order), CreateDrug(drug, mg)))
    if facts.calcium.level != "low":
        yield Suggestion("replace-denosumab", (DeleteOrder(order), CreateDrug("denosumab", p.number("denosumab_dose"))))
