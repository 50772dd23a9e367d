"""The training loop that studies share."""
