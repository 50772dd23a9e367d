"""The published optimiser, in one fused kernel."""
