"""Measurements: each prints what it finds beside what a user would pick instead."""
