"""The language of rules: expressions over the fields of one measurement, true, false or unknown."""
