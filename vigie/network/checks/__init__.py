"""What a network must keep beyond the shape of its tables: a file a concern."""
