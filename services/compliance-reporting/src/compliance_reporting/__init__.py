"""Compliance reporting: facts projected from events, measures over them, and reports that stay as they were."""
