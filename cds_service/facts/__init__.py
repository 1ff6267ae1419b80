"""What is known about the patient and the orders, in the words of clinical pharmacology. No FHIR leaves this room."""
