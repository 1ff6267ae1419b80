"""The shape of what callers send: a hook call, feedback, and what can be wrong with them."""
