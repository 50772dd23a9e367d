"""Methods on arrays; a model is an argument."""
