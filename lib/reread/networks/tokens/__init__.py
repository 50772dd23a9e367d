"""The corrected model: attention over a pair's own genes, so that no pair sees another."""
