"""Jobs to take elsewhere: off what fails, off what is hot, together, and to where carbon is low."""
