"""Rules, incidents and their delivery."""
