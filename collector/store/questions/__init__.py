"""Questions about the past, answered from the files and the tail: a file a noun."""
