"""The variational autoencoder: its network and its training."""
