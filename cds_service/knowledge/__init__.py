"""The reviewed content of ``cards/``: recommendations, parameters, tables and texts, loaded strictly."""
