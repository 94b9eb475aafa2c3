"""Gatys's optimisation: recipes, losses, gradients, optimizers, scales and the refiner that runs them."""
