"""Carry runs between machines."""
