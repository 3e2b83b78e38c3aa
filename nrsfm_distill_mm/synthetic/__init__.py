"""Synthetic humans: bodies, actions, cameras, pictures; NumPy only."""

from nrsfm_distill_mm.synthetic.appearance import Appearance, sample_appearance
from nrsfm_distill_mm.synthetic.cameras import Camera, Cameras
from nrsfm_distill_mm.synthetic.errors import ArgumentError
from nrsfm_distill_mm.synthetic.rendering import render
from nrsfm_distill_mm.synthetic.sampling import Scene, sample_poses, sample_scene

__all__ = [
    'Appearance',
    'ArgumentError',
    'Camera',
    'Cameras',
    'Scene',
    'render',
    'sample_appearance',
    'sample_poses',
    'sample_scene',
]
