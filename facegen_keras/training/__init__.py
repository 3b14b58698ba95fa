"""Recipes, runs, comparisons and the weights that are shipped."""
