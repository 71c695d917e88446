"""The query language of the registry: words, phrases, areas, ranges; parsed once, understood by every index."""
