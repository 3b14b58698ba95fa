"""Drawn frontal faces in CelebA's frame: numpy and Pillow alone, so that it starts at once."""

from drawn_faces.drawing import draw_face
from drawn_faces.workers import draw_files

__all__ = ["draw_face", "draw_files"]
