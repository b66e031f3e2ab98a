"""Fragments: which container holds which, and what becomes of them."""
