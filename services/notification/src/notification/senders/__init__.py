"""The ways out: what is said, to which address, and through which server."""
