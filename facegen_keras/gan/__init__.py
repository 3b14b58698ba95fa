"""The GAN itself: training, sampling and inversion."""
