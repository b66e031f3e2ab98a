"""Published factors as they are packaged, and their readers. Pure."""
