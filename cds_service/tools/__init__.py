"""The command line and what it offers beside the server."""
