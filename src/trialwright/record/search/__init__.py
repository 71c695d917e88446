"""Finds records: what is asked, what is answered, and the indexes that do it."""
