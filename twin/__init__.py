"""The physical model that stands in for places nobody gave us: it plays their agents."""
