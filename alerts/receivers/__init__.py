"""Receivers: who is told, and by what means."""
