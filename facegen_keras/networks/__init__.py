"""Keras layers and models: generators, discriminators, and the network that reads attributes."""
