"""Fingerprints, verdicts and comparisons of finished runs."""
