"""The public screening page: questions from the definition, a verdict at each change, and nothing kept."""
