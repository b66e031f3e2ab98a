"""The operations screens: one file a screen, and what they are made of."""
