"""Commands of some length, each imported when it is asked for."""
