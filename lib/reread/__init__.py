"""Reread: a reproducible companion to five deep-learning papers on gene expression."""
