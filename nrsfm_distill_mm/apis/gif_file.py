"""GifFile: what VideoFile does, as a GIF of modest size."""

import warnings
from pathlib import Path

import mmcv
import numpy as np
from matplotlib.colors import to_rgb
from numpy.typing import NDArray
from PIL import Image as PillowImage
from scipy.spatial import KDTree

from nrsfm_distill_mm.apis.results import Image
from nrsfm_distill_mm.files import complete_file
from nrsfm_distill_mm.visualization.person_cells import PEOPLE
from nrsfm_distill_mm.visualization.skeleton_style import CENTRE, LEFT, RIGHT

WIDTH, FPS, FRAMES = 640, 12, 600
"""At most so wide, in px, so many frames a second, and so many in all."""
WORSE = 1.3
"""A palette serves for further frames until its error has grown by this factor."""


class GifFile:
    """A GIF that is written when it is closed.

    Frames come seldom enough for `FPS`. After `FRAMES` of them, that is fifty seconds
    or more, the rest is left out with a warning.

    Args:
        path: where it shall be.
        fps: of the frames that are given.
    """

    def __init__(self, path: Path, fps: float) -> None:
        self.path, self.fps = path, fps
        self.count = 0
        self._full = False
        self._palette: Palette | None = None
        self._least = 0.0
        self._kept: list[int] = []
        self._frames: list[PillowImage.Image] = []

    def write(self, frame: Image) -> None:
        """Append an RGB frame (H, W, 3), unless its time is too near the last."""
        if self._full:
            return
        step = max(self.fps / FPS, 1)
        if self.count and int(self.count / step) == int((self.count - 1) / step):
            self.count += 1
        elif len(self._frames) == FRAMES:
            self._full = True
            seconds = round(self.count / self.fps)
            problem = f'a GIF ends after {seconds} s; use vis_format="mp4"'
            warnings.warn(f'{self.path}: {problem}', stacklevel=2)
        else:
            self._frames.append(self._indexed(_at_most(frame, WIDTH)))
            self._kept.append(self.count)
            self.count += 1

    def _indexed(self, image: Image) -> PillowImage.Image:
        """The image in the last frame's colours, so that what rests takes no room.

        Where they do not serve, it gets colours of its own.
        """
        if self._palette is not None:
            indices, error = self._palette.nearest(image)
            if error <= WORSE * self._least:
                return self._palette.picture(indices)
        self._palette = Palette(image)
        indices, self._least = self._palette.nearest(image)
        return self._palette.picture(indices)

    def close(self) -> bool:
        """Write the file; whether there is one."""
        if not self._frames:
            return False
        first, *others = self._frames
        # GIF counts time in hundredths of a second: rounding must not add up.
        times = np.round(100 * np.array([*self._kept, self.count]) / self.fps)
        durations = [10 * max(int(step), 1) for step in np.diff(times)]
        with complete_file(self.path) as unfinished:
            first.save(
                unfinished,
                save_all=True,
                append_images=others,
                duration=durations,
                loop=0,
            )
        self._frames = []
        return True


class Palette:
    """256 colours for an RGB image (H, W, 3), and for all that is drawn over it."""

    def __init__(self, image: Image) -> None:
        inks = np.array([to_rgb(ink) for ink in (LEFT, RIGHT, CENTRE, *PEOPLE)])
        shades = [1 - share * (1 - inks) for share in (1.0, 0.75, 0.5, 0.25)]
        fixed = np.round(255 * np.concatenate([np.ones((1, 3)), *shades]))
        free = np.zeros((256 - len(fixed), 3))
        own = PillowImage.fromarray(image).quantize(len(free), dither=0).getpalette()
        free.flat[: len(own)] = own[: free.size]
        self.colors = np.concatenate([fixed, free]).astype(np.uint8)
        self._tree = KDTree(self.colors)
        self._known = np.full(1 << 24, -1, np.int16)

    def nearest(self, image: Image) -> tuple[NDArray[np.uint8], float]:
        """Indices (H, W) of the nearest colours, and the mean error of a channel."""
        packed = image.astype(np.int64) @ (1 << 16, 1 << 8, 1)
        new = np.unique(packed[self._known[packed] < 0])
        if len(new):
            rgb = np.stack([new >> 16, (new >> 8) & 255, new & 255], axis=1)
            self._known[new] = self._tree.query(rgb)[1]
        indices = self._known[packed].astype(np.uint8)
        difference = image.astype(np.int16) - self.colors[indices]
        return indices, float(np.abs(difference).mean())

    def picture(self, indices: NDArray[np.uint8]) -> PillowImage.Image:
        """Indices (H, W) as a picture with these colours."""
        made = PillowImage.fromarray(indices)
        made.putpalette(self.colors.tobytes())
        return made


def _at_most(image: Image, width: int) -> Image:
    if image.shape[1] <= width:
        return np.ascontiguousarray(image)
    height = max(round(image.shape[0] * width / image.shape[1]), 1)
    small: Image = mmcv.imresize(image, (width, height), interpolation='area')
    return small
