"""Where a site's electricity comes from: its grid, and what contracts cover of it. Pure."""
