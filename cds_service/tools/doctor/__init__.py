"""``cds-service doctor``: what keeps this server from starting, or its callers from being served."""
