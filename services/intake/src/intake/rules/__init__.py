"""What follows from given facts in intake: codes, values and pure decisions, split by noun."""
