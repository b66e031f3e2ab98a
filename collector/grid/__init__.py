"""The electricity of grid zones: who says what it emits, each said when, and whom to believe."""
