"""Build the browsable book from finished runs."""
