"""Sovereignty: who could read, block, or survive without whom. Pure."""
