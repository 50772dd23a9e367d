"""Drug and gene perturbation signatures in the latent space of two autoencoders."""
