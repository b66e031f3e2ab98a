"""Runs on every host: reads what can be measured, and ships it to the collector."""
