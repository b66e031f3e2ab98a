"""How a player reaches the collector: framed, spooled and sent, as by an agent of its own."""
