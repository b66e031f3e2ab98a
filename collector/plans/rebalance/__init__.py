"""Fragments to repair, to take off containers that go or suffer, and to spread; in this order."""
