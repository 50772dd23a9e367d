"""Who regulates whom? Transcription factors and their targets from single-cell expression."""
