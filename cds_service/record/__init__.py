"""What came of a patient's record, and how complete it is."""
