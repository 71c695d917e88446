"""What every room stands on: truth, units, dates, codes, provenance and errors. Imports nothing of ours."""
