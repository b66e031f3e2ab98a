"""What people look at: the operations screens and the public pages."""
