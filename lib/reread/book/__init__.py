"""Run chapters, judge claims, make pages."""
