"""Keeps every version of every record, without loss: an embedded store, and PostgreSQL by one setting."""
