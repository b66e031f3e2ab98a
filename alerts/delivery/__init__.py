"""Telling others: what to say, to whom, signed, kept until it is delivered, tried again in time."""
