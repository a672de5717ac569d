"""What can be done in notification: one function per intention."""
