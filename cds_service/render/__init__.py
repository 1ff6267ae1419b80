"""Findings become cards: sentences from ``cards/texts``, suggestions as FHIR resources of the caller's version."""
