"""Results that stand inside the report they belong to: some laboratories send no Observation of its own."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import structs

from cds_service.base.decoding import UNREADABLE
from cds_service.fhir.examined import DiagnosticReport, Specimen
from cds_service.fhir.structs import Observation, many

MOST = 200  # results of one report
# A report of which nothing counts.
WITHDRAWN = frozenset({"cancelled", "entered-in-error"})

_inside: msgspec.json.Decoder[Observation | Specimen] = msgspec.json.Decoder(Observation | Specimen)


def results_inside(report: DiagnosticReport) -> Iterator[Observation]:
    """The results that a report contains. What one leaves out is as the report says: status, day and specimen.

    Without an id of their own: that of a contained resource names it in its report only.
    """
    if not report.contained or report.status in WITHDRAWN:
        return
    found, specimens = list[Observation](), dict[str, msgspec.Raw]()
    for raw in report.contained[:MOST]:
        try:
            inside = _inside.decode(raw)
        except UNREADABLE:
            continue  # another resource: an organisation, a practitioner
        if isinstance(inside, Observation):
            found.append(inside)
        elif inside.id:
            specimens[f"#{inside.id}"] = raw
    for each in found:
        dated = each.effective_date_time or each.effective_instant or each.effective_period or each.effective_timing
        specimen = each.specimen or report.specimen
        named = [specimens[r.reference] for r in many(specimen) if r.reference in specimens]
        yield structs.replace(
            each,
            id=None,
            status=each.status or report.status,
            effective_date_time=each.effective_date_time if dated else report.effective_date_time,
            effective_period=each.effective_period if dated else report.effective_period,
            issued=each.issued or report.issued,
            specimen=specimen,
            contained=[*named, *(each.contained or ())],
        )
