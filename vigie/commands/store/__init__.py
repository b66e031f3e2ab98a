"""The store as a whole: how full, is it sound, copies of it, rows out of it, and what is held."""
