"""Geneformer on depression: classification of new donors, and perturbation of every gene."""
