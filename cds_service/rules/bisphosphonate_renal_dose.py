"""Table 2, §4.1.4.2: the dose of a bisphosphonate for the patient's creatinine clearance."""

from collections.abc import Iterator
from fractions import Fraction

from cds_service.evaluate.outcome import (
    Advise,
    CannotTell,
    CreateDrug,
    DeleteOrder,
    NoAdvice,
    Outcome,
    ReviseOrder,
    Suggestion,
)
from cds_service.evaluate.triggers import BONE_MODIFYING, ordered, rule
from cds_service.facts.clearances import Clearance
from cds_service.facts.facts import Facts
from cds_service.facts.results import Reading
from cds_service.facts.subjects import DrugOrder
from cds_service.facts.treatment import DrugUse
from cds_service.knowledge.model import Band, Parameters

TABLE = "table_2"
WEIGHTS = ("ideal", "adjusted")


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
    other = _other_weights(clearance, bands)
    data: dict[str, object] = {"band": band, "clearance": clearance, "other_weights": other, "dose": order.dose}
    if band is None:
        return _above_the_table(order, clearance, facts, p, data)
    row = band.mg
    if row is None:
        return _not_recommended(order, facts, clearance, p, data)
    data |= {"row": row}
    if order.drug == "zoledronic-acid" and _osteoporosis_product(order, p):
        return _other_product(order, row, facts, p, data)
    if order.dose is None:
        return Advise(p.indicator("no-dose"), "no-dose", data | {"problem": order.dose_problem})
    if order.dose.mg == row:
        lower = _lower_by_both(clearance, bands, row)
        return (
            Advise(p.indicator("other-weights"), "other-weights", data)
            if lower
            else _fits(clearance, facts, "equal", data)
        )
    if _split(order, order.dose.mg, p):
        return NoAdvice("split", data)
    said = "above" if order.dose.mg > row else "below"
    revise = Suggestion("revise", (ReviseOrder(order, mg=row),), recommended=said == "above")
    return Advise(p.indicator(said), said, data, (revise,))


def _fits(clearance: Clearance, facts: Facts, because: str, data: dict[str, object]) -> Outcome:
    """The dose is right by the result that counts; a newer one that cannot be used may say otherwise."""
    unread, creatinine = clearance.newer, facts.creatinine.current
    if creatinine and creatinine.when > clearance.when:
        unread += facts.lacking("measurements")
    return CannotTell(unread) if unread else NoAdvice(because, data)


def _not_recommended(
    order: DrugOrder, facts: Facts, clearance: Clearance, p: Parameters, data: dict[str, object]
) -> Outcome:
    """With other drugs in its place; an unsteady clearance gives no dose of those either."""
    if facts.unsteady or _risen(facts, p):
        delete = Suggestion("delete", (DeleteOrder(order),), recommended=True)
        say = "not-recommended-unsteady" if facts.unsteady else "not-recommended-risen"
        return Advise(p.indicator("not-recommended"), say, data, (delete,))
    beside, low = _beside(order, facts), facts.calcium.level == "low"
    # Every other bone-modifying drug waits for the low calcium too; and one that is ordered already needs no third.
    given = _given(order, facts)
    others = () if low or beside or given else tuple(_others(order, facts, clearance, p))
    denosumab = not (low or beside or given or "denosumab" in facts.orders.ended)
    suggestions = tuple(_instead(order, others, denosumab, p))
    data |= {"alternatives": others, "beside": beside, "given": given, "denosumab": denosumab}
    return Advise(p.indicator("not-recommended"), "not-recommended", data, suggestions)


def _given(order: DrugOrder, facts: Facts) -> DrugUse | None:
    """Another bone-modifying drug that the patient is treated with, and that no draft ends: a third is not offered."""
    others = (u for u in facts.bone_modifying.oncology() if order.drug not in u.drugs)
    return next((u for u in others if facts.orders.ended.isdisjoint(u.drugs)), None)


def _risen(facts: Facts, p: Parameters) -> Reading | None:
    """An older creatinine of the look-back, of which the newest is a multiple: no dose of another drug rests on it."""
    current = facts.creatinine.current
    if current is None:
        return None
    before = facts.creatinine.before(current, facts.creatinine.look_back_days)
    return next((r for r in before if current.value >= p.number("risen") * r.value), None)


def _beside(order: DrugOrder, facts: Facts) -> DrugOrder | None:
    """Another bone-modifying drug, or another order of this one, among the drafts."""
    drafts = facts.orders.drugs(*BONE_MODIFYING)
    return next((o for o in drafts if o != order), None)


def _osteoporosis_product(order: DrugOrder, p: Parameters) -> bool:
    dose = order.dose.mg if order.dose else None
    return order.product.use == "osteoporosis" or dose == p.number("osteoporosis_dose")


def _other_product(order: DrugOrder, row: Fraction, facts: Facts, p: Parameters, data: dict[str, object]) -> Outcome:
    """It is replaced, never reduced; without bone metastasis the order may be right for what it is for."""
    metastasis = facts.diagnoses.has("bone-metastasis") or "bone-metastasis" in order.indications
    ordered_already = any(o.drug == order.drug for o in facts.orders.drugs("bisphosphonate") if o != order)
    low = facts.calcium.level == "low"
    replaced = Suggestion("replace", (DeleteOrder(order), CreateDrug(order.drug, row)), recommended=True)
    offered = (replaced,) if metastasis and not (ordered_already or low) else ()
    return Advise(p.indicator("other-product"), "other-product", data, offered)


def _split(order: DrugOrder, dose: Fraction, p: Parameters) -> bool:
    """Pamidronate given in parts on days in a row: a part is no low dose."""
    daily = order.interval_days == p.number("split_days")
    return order.drug == "pamidronate" and daily and dose == p.number("split_dose")


def _for_hypercalcaemia(order: DrugOrder, facts: Facts, p: Parameters) -> bool:
    """For hypercalcaemia the table is not meant; the label of zoledronic acid says so below a creatinine it names."""
    if "hypercalcaemia" not in order.indications:
        return False
    creatinine = facts.creatinine.current
    if order.drug != "zoledronic-acid" or creatinine is None:
        return True
    return creatinine.lab < p.limit("hypercalcaemia_creatinine", creatinine.lab_unit)


def _above_label_limit(facts: Facts, p: Parameters) -> bool:
    creatinine = facts.creatinine.current
    return creatinine is not None and creatinine.lab > p.limit("ibandronate_label_creatinine", creatinine.lab_unit)


def _lower_by_both(clearance: Clearance, bands: list[Band], ordered: Fraction) -> bool:
    """Whether ideal and adjusted weight both lead to a lower dose than the one ordered."""
    rows = [_band(bands, value) for _, value in clearance.by_other_weight]
    return len(rows) == len(WEIGHTS) and all(b is not None and (b.mg or 0) < ordered for b in rows)


def _band(bands: list[Band], clearance: Fraction) -> Band | None:
    return next((b for b in bands if b.holds(clearance)), None)


def _other_weights(clearance: Clearance, bands: list[Band]) -> tuple[tuple[str, Fraction], ...]:
    """The other body weights with which the clearance would fall into another row."""
    own = _band(bands, clearance.value)
    return tuple((name, value) for name, value in clearance.by_other_weight if _band(bands, value) is not own)


def _above_the_table(
    order: DrugOrder, clearance: Clearance, facts: Facts, p: Parameters, data: dict[str, object]
) -> Outcome:
    highest = p.number("ibandronate_highest")
    if order.dose is None or order.dose.mg <= highest:
        return _fits(clearance, facts, "no-row-for-clearance", data)
    return Advise(p.indicator("above-printed"), "above-printed", data)


def _others(order: DrugOrder, facts: Facts, clearance: Clearance, p: Parameters) -> Iterator[tuple[str, Fraction]]:
    """The table's other drugs with their dose at this clearance, without those it or their label forbids."""
    for drug in p.drugs(TABLE):
        if drug == "ibandronate" and _above_label_limit(facts, p):
            continue
        band = _band(p.bands(TABLE, drug), clearance.value) if drug != order.drug else None
        if band and band.mg is not None:
            yield drug, band.mg


def _instead(
    order: DrugOrder, others: tuple[tuple[str, Fraction], ...], denosumab: bool, p: Parameters
) -> Iterator[Suggestion]:
    """Removing the order, or one of the other drugs in its place, or denosumab where it can be."""
    yield Suggestion("delete", (DeleteOrder(order),), recommended=True)
    for drug, mg in others:
        yield Suggestion("replace", (DeleteOrder(order), CreateDrug(drug, mg)))
    if denosumab:
        yield Suggestion("replace-denosumab", (DeleteOrder(order), CreateDrug("denosumab", p.number("denosumab_dose"))))
