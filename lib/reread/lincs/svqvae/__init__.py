"""The supervised vector-quantised autoencoder: its network and its training."""
