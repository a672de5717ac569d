"""What can be asked of session-logging: one function per question."""
