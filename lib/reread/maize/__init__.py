"""Tissues told apart by expression, and the genes that a network is said to tell them apart by."""
