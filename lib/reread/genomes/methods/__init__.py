"""Verbs on arrays: prediction from genotypes, evaluation, nulls."""
