"""What the codes of results mean. A laboratory has some hundred: each is looked up once, whoever asks."""

from __future__ import annotations

from cds_service.base.remembered import Remembered
from cds_service.fhir.structs import CodeableConcept
from cds_service.fhir.undecoded import concept
from cds_service.knowledge.terminology import Match, Terminology


class ResultCodes:
    """The code lists of results, asked by the bytes of a code or by a concept."""

    def __init__(self, terminology: Terminology) -> None:
        self._terminology = terminology
        self._meant = Remembered[tuple[Match, ...]]()

    def named(self, code: bytes) -> tuple[Match, ...]:
        """What the code of an Observation means, by the bytes of the code. Remembered, within bounds."""
        return self._meant.of(code, lambda: self.of(concept(code)))

    def of(self, told: CodeableConcept | None) -> tuple[Match, ...]:
        """What a concept (a component's, a method's) means."""
        if told is None:
            return ()
        codings = [(c.system, c.code, c.display) for c in told.codings()]
        return self._terminology.match("observation", codings, told.codeable.text)
