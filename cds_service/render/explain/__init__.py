"""The explanation: which rule said what of which order, on which facts. Data; text, JSON and HTML are its views."""
