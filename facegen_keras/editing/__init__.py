"""Refining a face by hand."""
