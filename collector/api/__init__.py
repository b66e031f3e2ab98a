"""What the collector answers over HTTP: a file per noun, none of which constructs anything."""
