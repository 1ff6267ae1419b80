"""What every room may use: shared kinds, strict YAML, folders, hashing."""
