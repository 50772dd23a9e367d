"""Geneformer on depression: donors kept apart, and every gene perturbed."""
