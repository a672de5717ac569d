"""What holds of messages whatever the database says: pure functions, nothing read, nothing written."""
