"""What exists and changes slowly, as agents list it."""
