"""What exists: who operates it, where it stands, and which containers there are."""
