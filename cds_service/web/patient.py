"""The form of the workbench that loads a patient from a FHIR server: what is asked, and what came of it."""

from __future__ import annotations

from datetime import datetime

import msgspec
from flask import g, request

from cds_service.call.problems import CallProblem
from cds_service.edition import Edition
from cds_service.web.outcomes import of_problem
from cds_service.web.servers import ServersOf
from cds_service.workbench.loading import Loaded, NotLoaded, Sought, loaded
from cds_service.workbench.problem import Problem, of_outcome


class Brought(msgspec.Struct, frozen=True):
    """The form as it stands, the token left out, and its outcome. ``listed``: the servers to choose from; where there
    are none, ``anywhere`` says whether one of this machine may be named."""

    listed: tuple[str, ...]
    anywhere: bool
    server: str = ""
    patient: str = ""
    loaded: Loaded | None = None
    problem: Problem | None = None


def brought(edition: Edition, servers_of: ServersOf, order: str, now: datetime, most: int) -> Brought:
    """What the form in the body asks for, by the list of whoever asks. ``order``: the situation whose orders are put
    to the patient; ``most``: bytes a form may send."""
    servers = servers_of(g.who.client)
    empty = Brought(servers.allowed.bases, servers.allowed.development and not servers.allowed.bases)
    form = request.form
    if request.method != "POST" or "fhir" not in form:
        return empty
    given = Sought(form["fhir"], form.get("patient", ""), form.get("service", ""), order, form.get("token", ""))
    stands = msgspec.structs.replace(empty, server=given.server, patient=given.patient)
    try:
        found = loaded(edition, given, servers, now, most)
    except NotLoaded as none:
        return msgspec.structs.replace(stands, problem=none.problem)
    except CallProblem as problem:
        return msgspec.structs.replace(stands, problem=of_outcome(*of_problem(problem)))
    return msgspec.structs.replace(stands, loaded=found)
