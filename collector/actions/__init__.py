"""The only door to an effect: guard, command, receipt, record."""
