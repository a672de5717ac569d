"""Intake: the people served, their episodes, consents, disclosures, assessments, plans and assignments."""
