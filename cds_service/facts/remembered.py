"""Drugs remembered by what treatments say: a hospital writes the same few prescriptions over and over."""

from __future__ import annotations

from fractions import Fraction

import msgspec

from cds_service.base.remembered import Remembered
from cds_service.facts.drugs import DrugReader, Lookup, Recognised, dosages_of, extensions_of
from cds_service.fhir.references import Treatment, medication_reference
from cds_service.fhir.structs import Quantity

_encode = msgspec.json.Encoder().encode


class RememberedDrugs:
    """Reads as ``DrugReader`` does, and each wording once.

    What a treatment refers to may differ from record to record: one that refers to a Medication is read anew.
    """

    def __init__(self, reader: DrugReader) -> None:
        self._reader, self._known = reader, Remembered[Recognised]()

    def days(self, quantity: Quantity | None) -> Fraction | None:
        """A FHIR Duration in days; see ``DrugReader.days``."""
        return self._reader.days(quantity)

    def read(self, treatment: Treatment, lookup: Lookup) -> Recognised:
        """The drug of a treatment; see ``DrugReader.read``."""
        if medication_reference(treatment) is not None:
            return self._reader.read(treatment, lookup)
        concepts = (treatment.medication_codeable_concept, treatment.medication)
        said = _encode((*concepts, dosages_of(treatment), extensions_of(treatment)))
        return self._known.of(said, lambda: self._reader.read(treatment, lookup))
