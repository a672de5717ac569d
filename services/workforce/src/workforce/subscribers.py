"""What workforce reacts to: nothing yet; it tells, the others hear."""
