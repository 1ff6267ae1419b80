"""Memory: what was answered, what became of it, and which tokens were used. No patient data (``tables``)."""
