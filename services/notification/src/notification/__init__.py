"""Tells staff by e-mail that there is something for them, in words that name nobody and nothing."""
