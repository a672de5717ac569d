"""What can be asked of notification: one function per question."""
