"""What can be done in session-logging: one function per intention, each inside the caller's transaction."""
