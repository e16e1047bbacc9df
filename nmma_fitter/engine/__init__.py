"""Units of work on a batch system, each brought to its end once; no astronomy in here."""
