"""Training the networks of latent diffusion on a user's own cases."""
