"""A patient as field reports have her, and what the service says of an order for her."""

from __future__ import annotations

from typing import Any

from cds_service.base.kinds import LanguageTag
from cds_service.edition import Edition
from tests.asked import answered
from tests.build import Json, bundle, calcium, denosumab, observation, patient, prefetch, request, zoledronic

# A woman of 60 with 55 kg and a creatinine of 1.15 mg/dL: Cockcroft-Gault 45.2 mL/min, where Table 2 has 3.3 mg.
CREATININE = observation("2160-0", 1.15, "mg/dL", id="creatinine")
WEIGHT = observation("29463-7", 55, "kg", id="weight")
CALCIUM = calcium(2.3)
CLEARANCE_95 = observation("2164-2", 95, "mL/min", id="clearance")
DOSE, HYPOCALCAEMIA, CONCURRENT = "bisphosphonate-renal-dose", "denosumab-hypocalcaemia", "concurrent-bma"
DENOSUMAB_DOSE, PROPHYLAXIS, MISSING = "denosumab-dose", "bma-prophylaxis", "renal-function-missing"
UNSAID = "not-evaluated"
FOUR_WEEKLY = {"repeat": {"frequency": 1, "period": 4, "periodUnit": "wk"}}


def named(text: str, value: float, unit: str, days_ago: int = 0, **members: Any) -> Json:
    """A result with a name only."""
    return observation("x", value, unit, days_ago, id="named", **members) | {"code": {"text": text}}


def laboratory(*results: Json) -> Json:
    return bundle(*results)


def ordered(dose: Json, **members: Any) -> Json:
    """Denosumab by a dosage of which only the dose is given elsewhere."""
    mg: Json = {"doseAndRate": [{"doseQuantity": {"value": 120, "unit": "mg"}}]}
    return denosumab(dosageInstruction=[mg | dose], **members)


def of_zoledronic(dosage: Json, name: str | None = None) -> Json:
    """Zoledronic acid by this dosage alone, by code or under a name."""
    order = zoledronic(None, dosageInstruction=[dosage])
    return order | ({"medicationCodeableConcept": {"text": name}} if name else {})


def cards(edition: Edition, *drafts: Json, language: LanguageTag = "en", **members: Any) -> dict[str, Any]:
    """The cards of these orders by topic. ``members`` replace keys of the prefetch."""
    own = {"patient": patient(birthDate="1965-11-20"), "measurements": bundle(WEIGHT)}
    own["laboratory"] = laboratory(CREATININE, CALCIUM)
    found = answered(edition, request(*drafts, prefetch=prefetch(**own | members)), language)
    return {card.source.topic.code: card for card in found.response.cards}


def words(found: dict[str, Any]) -> str:
    return "\n".join(f"{card.summary}\n{card.detail}" for card in found.values())
