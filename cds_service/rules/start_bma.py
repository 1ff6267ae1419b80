"""TODO: section and statement."""

from cds_service.evaluate.outcome import Advise, NoAdvice, Outcome
from cds_service.evaluate.triggers import chart_opened, rule
from cds_service.facts.facts import Facts
from cds_service.facts.subjects import Chart
from cds_service.knowledge.model import Parameters


@rule("start-bma", chart_opened())
def start_bma(subject: Chart, facts: Facts, p: Parameters) -> Outcome:
    if not facts.diagnoses.has("lung-cancer"):
        return NoAdvice("other-disease")
    return Advise(p.indicator(), "found")
