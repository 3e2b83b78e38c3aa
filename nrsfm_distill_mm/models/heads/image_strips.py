"""Strips of an image between two points: all that a local view gets to see."""

import torch
from torch import Tensor
from torch.nn import functional as F


def sample_strips(
    image: Tensor,
    starts: Tensor,
    ends: Tensor,
    width: float,
    resolution: tuple[int, int],
) -> Tensor:
    """Strips (N, L, C, A, B) of images (N, C, H, W): A points along, B across.

    The middles of A x B cells that cover the strip; 0 outside the image. Of a strip
    downwards they are the rows and columns. Pixel k reaches from k / W to (k + 1) / W
    here, but a landmark in its middle is at k / W, so that strips between landmarks lie
    half a pixel further up and left: networks learn to see past it.

    Args:
        image: the images.
        starts: middle of one end of each strip, (N, L, 2), image widths.
        ends: of the other.
        width: of the strips, image widths.
        resolution: A and B.
    """
    along = ends - starts
    x, y = (width * F.normalize(along, dim=-1)).unbind(-1)
    across = torch.stack([y, -x], dim=-1)
    t, u = (
        ((torch.arange(count, device=image.device) + 0.5) / count).unsqueeze(-1)
        for count in resolution
    )
    lengthwise = starts[:, :, None] + t * along[:, :, None]
    points = lengthwise[:, :, :, None] + (u - 0.5) * across[:, :, None, None]
    # From image widths to -1 .. 1 from corner to corner.
    extent = points.new_tensor([1.0, image.shape[2] / image.shape[3]])
    sampled = F.grid_sample(
        image, (2 * points / extent - 1).flatten(1, 2), align_corners=False
    )
    return sampled.unflatten(2, points.shape[1:3]).transpose(1, 2)
