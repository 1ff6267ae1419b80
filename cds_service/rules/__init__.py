"""One small pure function per topic: facts and parameters in, an outcome out. No I/O, no clock, no FHIR, no numbers."""
