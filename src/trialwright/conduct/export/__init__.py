"""Data out again: tables, ODM, casebooks. `run` makes them; `blank` and `told` need no database."""
