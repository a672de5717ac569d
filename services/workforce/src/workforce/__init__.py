"""Agencies, programs, staff, sign-in and credentials."""
