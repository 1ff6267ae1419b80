"""In what a result was measured: one of pleural fluid or urine is no result of the blood, whatever it is called.

The name of a result is judged where its code is recognised (``Terminology.match``); here it is the specimen beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from cds_service.base.decoding import UNREADABLE
from cds_service.fhir.examined import Specimen
from cds_service.fhir.structs import Observation, Reference, Resource, many
from cds_service.knowledge.terminology import Terminology

MOST = 8  # specimens of one result, and resources contained in it

_contained = msgspec.json.Decoder(Specimen)


class Fluids:
    """Specimens, by the references of one record."""

    __slots__ = ("_referred", "_terminology")

    def __init__(self, terminology: Terminology, referred: Callable[[str], Resource | None]) -> None:
        self._terminology, self._referred = terminology, referred

    @property
    def measured_in_blood(self) -> frozenset[str]:
        """The analytes that count only in blood, serum or plasma."""
        return self._terminology.measured_in_blood

    def elsewhere(self, observation: Observation) -> bool:
        """Whether a specimen says that this was measured in another fluid than blood; one may say nothing."""
        return any(self._is_other(observation, reference) for reference in many(observation.specimen)[:MOST])

    def _is_other(self, observation: Observation, reference: Reference) -> bool:
        specimen = self._specimen(observation, reference)
        told = specimen.type if specimen else None
        codings = [(c.system, c.code, c.display) for c in told.codings()] if told else []
        texts = [told.codeable.text if told else None, reference.display, *(display for _, _, display in codings)]
        return self._terminology.fluid(codings, *(text for text in texts if text)) == "other"

    def _specimen(self, observation: Observation, reference: Reference) -> Specimen | None:
        said = reference.reference
        if not said:
            return None
        if said.startswith("#"):
            return next((s for s in _inside(observation) if s.id == said[1:]), None)
        found = self._referred(said)
        return found if isinstance(found, Specimen) else None


def _inside(observation: Observation) -> Iterator[Specimen]:
    for raw in (observation.contained or [])[:MOST]:
        try:
            yield _contained.decode(raw)
        except UNREADABLE:
            continue  # another resource, or one that cannot be read: it says nothing of the fluid
