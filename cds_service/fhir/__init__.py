"""Lenient, typed reading of the FHIR shapes (R4, R4B, R5 and field dialects) that the rules need."""
