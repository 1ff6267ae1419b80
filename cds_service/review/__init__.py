"""Review pages: what a clinician reads before signing, computed from the running rules."""
