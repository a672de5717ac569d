"""What can be done in workforce: one function per intention, each inside the caller's transaction."""
