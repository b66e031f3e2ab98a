"""How heat leaves a container: a file a kind of cooling, and what they are made of."""
