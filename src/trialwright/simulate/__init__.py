"""Virtual patients and whole virtual trials, drawn from a study's assumptions.

The rehearsal takes patients from `arrivals`; `operating.simulate` asks how often the design would succeed.
"""
