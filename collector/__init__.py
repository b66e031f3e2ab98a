"""Takes in readings, keeps them, and answers questions about them."""
