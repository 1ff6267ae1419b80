"""CDS Hooks service: advisory cards from the Chinese lung cancer bone metastasis guideline (2024)."""

__version__ = "0.1.0"
