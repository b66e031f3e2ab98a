"""The fragments that lie on this host: found, read, and told to the collector."""
