"""Drawn frontal faces in CelebA's frame. It needs only numpy and Pillow, so that a process of it starts at once."""

from facegen_keras.data.drawn_faces.drawing import draw_face
from facegen_keras.data.drawn_faces.workers import draw_files

__all__ = ["draw_face", "draw_files"]
