"""Table 1, §3.1.6: how measured bone lesions changed, and whether there are new ones. Nothing of treatment follows."""

from datetime import timedelta
from fractions import Fraction

from cds_service.evaluate.outcome import Advise, CannotTell, NoAdvice, Outcome
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.facts import Facts
from cds_service.facts.response import Compared, New, appeared, compare, per_cent, reported_new
from cds_service.facts.skeleton import METASTASIS, Sign
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("treatment-response", chart_opened())
def treatment_response(chart: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.skeleton.metastatic:
        return NoAdvice("metastasis-not-confirmed")
    found = compare(facts.sizes, facts.today, p.days("window"), p.days("apart"))
    sizes = found if isinstance(found, Compared) else None
    new, possible = _new(facts, sizes, p)
    if new:
        return Advise(
            p.indicator(), "new" if isinstance(new, Sign) else "new-reported", _data(facts, sizes, p) | {"sign": new}
        )
    if sizes:
        return Advise(p.indicator(), _category(sizes, p), _data(facts, sizes, p) | {"sign": possible})
    if possible:
        return Advise(
            p.indicator(), "possible-new" if isinstance(possible, Sign) else "possible-reported", {"sign": possible}
        )
    missing = facts.lacking("observations")
    return CannotTell(missing) if missing else NoAdvice(str(found))


def _new(facts: Facts, sizes: Compared | None, p: Parameters) -> tuple[New | None, New | None]:
    """A recent new bone metastasis, on the list of diagnoses or in a report, or what may be one."""
    since = sizes.baseline.day if sizes else None
    metastases = facts.skeleton.found(METASTASIS)
    listed = appeared(metastases, since, p.days("coding_lag"))
    reported = reported_new(facts.lesions.appeared, metastases, since, p.days("coding_lag"))
    first = facts.today - timedelta(days=p.days("window"))
    recent = [[s for s in both if s and s.when and s.when >= first] for both in zip(listed, reported, strict=True)]
    new, possible = (next(iter(found), None) for found in recent)
    return new, possible


def _category(sizes: Compared, p: Parameters) -> str:
    return _by(sizes.newest.products, sizes.nadir.products, sizes.baseline.products, p)


def _by(now: Fraction, least: Fraction, first: Fraction, p: Parameters) -> str:
    """Progression outweighs response where both are true."""
    if now > least and now >= least * (1 + p.share("progression")):
        return "pd"
    return "pr" if _less(now, first, p) else "sd"


def _less(now: Fraction, first: Fraction, p: Parameters) -> bool:
    """Whether it is a partial response. What was nothing cannot respond."""
    return now < first and now <= first * (1 - p.share("partial"))


def _data(facts: Facts, sizes: Compared | None, p: Parameters) -> dict[str, object]:
    """``other``: the category by the sum of both diameters, where it is another one."""
    stated = facts.sizes.stated
    recent = stated if stated and facts.within(stated.when, p.days("window")) else None
    if sizes is None:
        return {"sizes": None, "other": None, "stated": recent}
    nadir = min((sizes.nadir, sizes.baseline), key=lambda s: s.diameters).diameters
    by_sum = _by(sizes.newest.diameters, nadir, sizes.baseline.diameters, p)
    category = _category(sizes, p)
    least, first, now = sizes.nadir.products, sizes.baseline.products, sizes.newest.products
    return {
        "sizes": sizes,
        "change": per_cent(now, least),
        "of_first": per_cent(now, first),
        "other": by_sum if by_sum != category else None,
        "also_pr": category == "pd" and _less(now, first, p),
        "stated": recent,
    }
