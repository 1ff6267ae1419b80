"""Reading from the caller's FHIR server: what prefetch left out, within one deadline, and nowhere else."""
