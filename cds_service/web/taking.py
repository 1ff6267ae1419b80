"""Files that a page of the workbench gives to take away."""

from __future__ import annotations

from flask import Response

from cds_service.call.problems import CallProblem
from cds_service.caller import Defaults
from cds_service.edition import Edition
from cds_service.web.outcomes import of_problem
from cds_service.workbench.desk import Laid
from cds_service.workbench.problem import Problem, of_outcome
from cds_service.workbench.saving import saved


def situation(edition: Edition, laid: Laid, defaults: Defaults) -> Response | Problem:
    """What is laid as a situation, zipped; the problem where it is refused."""
    try:
        found = saved(edition, laid, defaults)
    except CallProblem as problem:
        return of_outcome(*of_problem(problem))
    named = {"Content-Disposition": f'attachment; filename="{found.name}.zip"'}
    return Response(found.archive, content_type="application/zip", headers=named)
