"""Which cards leave, and in the form the client takes."""
