"""How a picture looks: light, fog, clothes, skin, hair and what is behind."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nrsfm_distill_mm.synthetic.body import Array
from nrsfm_distill_mm.synthetic.mannequin import PARTS

FRONT_TOP_LIGHT = np.array((0.25, -0.7, -0.67))
"""Towards the light in the camera frame: from the right, above and the viewer."""

SKIN_TONES = np.array(
    (
        (0.96, 0.80, 0.69),
        (0.88, 0.67, 0.53),
        (0.76, 0.55, 0.40),
        (0.60, 0.41, 0.29),
        (0.45, 0.30, 0.21),
    )
)
HAIR_TONES = np.array(
    (
        (0.13, 0.10, 0.09),
        (0.28, 0.18, 0.11),
        (0.48, 0.30, 0.15),
        (0.79, 0.62, 0.35),
        (0.62, 0.60, 0.58),
        (0.55, 0.22, 0.12),
    )
)
PATTERNS = ('plain', 'rings', 'stripes', 'checks')
CUES = ('shading', 'occlusion')
"""What tells of depth, and may be left out."""


@dataclass(frozen=True)
class Appearance:
    """Everything that a picture shows besides the pose and the camera.

    Attributes:
        colours: (len(PARTS), 3) RGB in [0, 1].
        pattern: (len(PARTS),) indices into PATTERNS.
        pattern_mm: Period of the patterns.
        light: Unit vector (3,) towards the light, camera frame.
        ambient: Brightness of a surface that no light falls on, in [0, 1].
        fog: Share of the light lost per metre behind the root, in [0, 1].
        girth: Factor on the radii of the body.
        backdrop: Seed of the background.
        without: Those of CUES that it does not show: all of a colour is equally bright,
            or what hides what is drawn by chance.
    """

    colours: Array
    pattern: npt.NDArray[np.int64]
    pattern_mm: float
    light: Array
    ambient: float
    fog: float
    girth: float
    backdrop: int
    without: tuple[str, ...] = ()


def sample_appearance(
    seed: int | tuple[int, ...], without: tuple[str, ...] = ()
) -> Appearance:
    """Draw an appearance; left limbs have warm colours, right limbs cool ones."""
    rng = np.random.default_rng(seed)
    light = FRONT_TOP_LIGHT + rng.normal(0, 0.1, 3)
    return Appearance(
        colours=_colours(rng),
        pattern=_patterns(rng),
        pattern_mm=float(rng.uniform(70, 120)),
        light=light / np.linalg.norm(light),
        ambient=float(rng.uniform(0.30, 0.42)),
        fog=float(rng.uniform(0.42, 0.58)),
        girth=float(rng.uniform(0.93, 1.05)),
        backdrop=int(rng.integers(2**32)),
        without=without,
    )


def _hsv(hue: float, saturation: float, value: float) -> tuple[float, float, float]:
    return colorsys.hsv_to_rgb(hue % 1.0, saturation, value)


def _colours(rng: np.random.Generator) -> Array:
    skin = SKIN_TONES[rng.integers(len(SKIN_TONES))] * rng.uniform(0.95, 1.04)
    colours: dict[str, object] = {
        'skin': skin,
        'hair': HAIR_TONES[rng.integers(len(HAIR_TONES))] * rng.uniform(0.85, 1.15),
        'eye': (0.06, 0.05, 0.06),
        'shirt': _neutral(rng, (0.55, 0.92)),
        'shorts': _neutral(rng, (0.22, 0.50)),
    }
    for side, hues in (('left', (-0.03, 0.135)), ('right', (0.48, 0.65))):
        for upper, lower in (('upper_arm', 'forearm'), ('thigh', 'shank')):
            hue, saturation = rng.uniform(*hues), rng.uniform(0.58, 0.82)
            value = rng.uniform(0.72, 0.9)
            colours[f'{side}_{upper}'] = _hsv(hue, saturation, value)
            shift, pale = rng.uniform(-0.02, 0.02), rng.uniform(0.45, 0.62)
            colours[f'{side}_{lower}'] = _hsv(hue + shift, saturation * pale, 0.98)
        colours[f'{side}_shoe'] = _hsv(rng.uniform(*hues), 0.45, rng.uniform(0.3, 0.5))
    return np.clip(np.array([colours[part] for part in PARTS], dtype=np.float64), 0, 1)


def _neutral(
    rng: np.random.Generator, values: tuple[float, float]
) -> tuple[float, float, float]:
    """A colour of the trunk: grey, or purple to pink, or green."""
    hue = float(rng.choice((rng.uniform(0.75, 0.9), rng.uniform(0.25, 0.38))))
    return _hsv(hue, rng.uniform(0.0, 0.38), rng.uniform(*values))


def _patterns(rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Shirts and whole limbs carry a pattern or none; skin, hair and shoes none."""
    pattern = np.zeros(len(PARTS), dtype=np.int64)
    for cloth in ('shirt', 'shorts', 'upper_arm', 'forearm', 'thigh', 'shank'):
        choice = rng.choice(len(PATTERNS), p=(0.62, 0.16, 0.14, 0.08))
        for index, part in enumerate(PARTS):
            if part.endswith(cloth):
                pattern[index] = choice
    return pattern
