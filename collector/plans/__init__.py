"""What could be done, and why: fragments to move, jobs to migrate. Pure: no effect."""
