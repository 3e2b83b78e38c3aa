"""RandomOcclusion: hide a part of a crop behind another part of it."""

from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS


@TRANSFORMS.register_module()
class RandomOcclusion(BaseTransform):
    """Cover a rectangle of the crop with a copy of another one.

    What covers has the textures of the image itself. Landmarks stay annotated, so
    the network learns to guess what it does not see. Stands behind ``TopdownAffine``.

    Modified key: ``img``.

    Args:
        prob: how often.
        size: least and largest width and height, of the crop's.
    """

    def __init__(
        self, prob: float = 0.5, size: tuple[float, float] = (0.1, 0.5)
    ) -> None:
        if not 0 <= prob <= 1:
            raise ValueError(f'prob: expected 0 to 1, got {prob}')
        if not 0 < size[0] <= size[1] < 1:
            raise ValueError(f'size: expected 0 < least <= largest < 1, got {size}')
        self.prob = prob
        self.size = size

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Draw the rectangle, and where it is copied from."""
        if np.random.rand() >= self.prob:
            return results
        image = results['img']
        extent = np.array(image.shape[:2])
        sides = np.ceil(extent * np.random.uniform(*self.size, 2)).astype(int)
        source, target = np.random.randint(0, extent - sides + 1, (2, 2))
        results['img'] = image.copy()
        results['img'][_window(target, sides)] = image[_window(source, sides)]
        return results


def _window(corner: Any, sides: Any) -> tuple[slice, slice]:
    """The pixels of a rectangle."""
    return slice(corner[0], corner[0] + sides[0]), slice(
        corner[1], corner[1] + sides[1]
    )
