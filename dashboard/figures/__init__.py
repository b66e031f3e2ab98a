"""Charts: what is drawn, and the one way to put it on a page."""
