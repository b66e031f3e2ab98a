"""The one builder of worlds: stories, system tests and benches make their frames here."""
