"""What one hospital sets for itself: its clients, codes, names, windows and topics, in one checked YAML file."""
