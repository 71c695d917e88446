"""Pure decisions from values alone: states, permissions, windows, doses, checks. No table is touched here."""
