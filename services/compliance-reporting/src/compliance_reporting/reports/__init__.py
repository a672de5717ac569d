"""How a report looks: its figures as data, as CSV and as a page."""
