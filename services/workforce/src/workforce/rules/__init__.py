"""What follows from what workforce knows: pure decisions, no I/O."""
