"""Who is on: posts, levels, shifts and calendars as written, and what they mean at an instant."""
