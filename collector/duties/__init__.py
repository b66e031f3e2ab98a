"""What the collector does by itself, a file per duty: read, pure call, write."""
