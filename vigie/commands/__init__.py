"""Verbs that only ask the API, and `up`, which starts the programs."""
