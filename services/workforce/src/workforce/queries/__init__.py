"""What can be asked of workforce: one function per question."""
