"""Gates: processes beside the collector that read what senders post, for the one that keeps it.

A connection that begins with frames is given to a gate, which speaks HTTP on it, checks and decodes
every frame, and passes body and rows on; what it hears back goes to the sender. Credentials, the
journal, identities and everything that is kept stay in the collector.
"""
