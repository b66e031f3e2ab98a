"""Incidents: alerts that belong together, their clock, what is owed, and the evidence."""
