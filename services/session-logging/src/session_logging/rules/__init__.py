"""What holds of sessions whatever the database says: pure functions, nothing read, nothing written."""
