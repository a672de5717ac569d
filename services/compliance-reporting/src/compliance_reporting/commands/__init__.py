"""What can be done here: keep facts, finish reports, tell of overdue notes."""
