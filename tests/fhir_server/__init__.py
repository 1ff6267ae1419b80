"""A real FHIR server beside the service: the same answers, whoever fetches."""
