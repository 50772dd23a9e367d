"""Figures and helpers that one notebook each needs."""
