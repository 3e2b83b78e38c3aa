"""Chooses a report's frames and draws them."""

from collections.abc import Mapping
from pathlib import Path

import cv2
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization import (
    ComparisonRow,
    comparison_figure,
    skeleton_style,
)
from reporting.files import PredictionFileError, Predictions


def report_figure(
    rows: Mapping[str, Predictions],
    errors: Mapping[str, NDArray[np.floating]],
    titles: Mapping[str, str],
    focus: str,
    title: str = '',
) -> Figure:
    """Best, median and worst frames of a method, with all methods side by side.

    Args:
        rows: the predictions of each method, of the same samples in one order.
        errors: (N,) depth errors of each method, mm.
        titles: what to call each method.
        focus: the method that frames are chosen by and whose 2D is drawn.
        title: one line above all.

    Raises:
        PredictionFileError: if a picture cannot be read.
    """
    first, focused = next(iter(rows)), rows[focus]
    depth = {name: np.asarray(error) for name, error in errors.items()}
    frames = [
        ComparisonRow(
            label=label,
            caption=str(focused.action[i]),
            image=read_image(focused, i),
            keypoints=focused.keypoints[i],
            annotated=focused.annotated[i],
            true=focused.true[i],
            poses=np.stack([row.poses[i] for row in rows.values()]),
            errors=np.array([error[i] for error in depth.values()]),
        )
        for label, i in choose_frames(depth[focus], depth[first])
    ]
    means = [f'{error.mean():.1f} mm on average' for error in depth.values()]
    style = skeleton_style(focused.links, focused.joint_names, root=focused.root)
    heads = dict(zip(titles.values(), means, strict=True))
    return comparison_figure(frames, heads, style, title)


def choose_frames(
    errors: NDArray[np.floating], reference: NDArray[np.floating]
) -> list[tuple[str, int]]:
    """Two each of the best, median and worst, and the one that was mended most.

    Args:
        errors: (N,) of the method in focus.
        reference: (N,) of the method that it started from.

    Returns:
        Labels and indices; each index once, so fewer if N is small.
    """
    order = np.argsort(errors, kind='stable')
    half = len(order) // 2
    chosen = {int(i): 'best' for i in order[:2]}
    chosen = {int(i): 'worst' for i in order[-2:]} | chosen
    middle = order[max(half - 1, 0) : half + 1]
    chosen = {int(i): 'median' for i in middle} | chosen
    mended = int(np.argmax(reference - errors))
    if reference[mended] > errors[mended]:
        chosen.setdefault(mended, 'mended most')
    rank = ('best', 'median', 'worst', 'mended most')
    pairs = sorted((rank.index(label), errors[i], i) for i, label in chosen.items())
    return [(rank[place], i) for place, _, i in pairs]


def read_image(row: Predictions, index: int) -> NDArray[np.uint8]:
    """A sample's picture (H, W, 3) RGB; grey if the sample has none."""
    path = str(row.image[index])
    # A row of an array of landmarks has no more than a number.
    if not Path(path).suffix and not Path(path).is_file():
        width, height = np.ceil(row.annotated[index].max(0) + 8).clip(16).astype(int)
        return np.full((height, width, 3), 235, np.uint8)
    image = cv2.imread(path, cv2.IMREAD_COLOR)
    if image is None:
        raise PredictionFileError(row.path, f'a picture {path}', 'none that opens')
    return np.ascontiguousarray(image[..., ::-1])
