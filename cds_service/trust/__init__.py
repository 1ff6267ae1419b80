"""Who calls: tokens, keys, certificates. Nothing here reads a body."""
