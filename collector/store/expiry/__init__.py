"""What goes with age, and what stays: retention, what is kept for the record, legal holds."""
