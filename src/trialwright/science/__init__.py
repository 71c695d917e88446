"""Arrays and numbers only: pharmacokinetics, statistics, clinical formulas. Each formula stands beside its card."""
