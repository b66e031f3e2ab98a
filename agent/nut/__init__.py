"""Network UPS Tools: asking upsd over TCP, and what its variables mean."""
