"""One quarter of an agency's work, played through the public HTTP API."""
