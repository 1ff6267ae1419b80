"""HTTP: the only room that knows Flask, status codes and headers."""
