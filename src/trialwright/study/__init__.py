"""The definition of a study: typed models, loading with checks, dumping, and its JSON Schema."""
