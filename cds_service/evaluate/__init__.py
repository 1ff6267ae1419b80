"""What is asked of whom, and what the rules answer: triggers, scope, outcomes, findings."""
