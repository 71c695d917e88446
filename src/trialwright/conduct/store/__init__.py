"""Tables: the append-only event log, and the current state that is a projection of it."""
