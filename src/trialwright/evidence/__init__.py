"""What is known: a Patient at screening, a Snapshot of a trial, Data sets and Results made from it."""
