"""PosePage: poses to be turned by hand, in one HTML file that needs no network."""

import base64
import html
import json
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import mmcv
import numpy as np
from matplotlib.colors import to_hex
from numpy.typing import NDArray

from nrsfm_distill_mm.visualization.person_cells import MOST, PEOPLE
from nrsfm_distill_mm.visualization.skeleton_style import LEFT, RIGHT, SkeletonStyle
from nrsfm_distill_mm.visualization.video_cells import VideoCells

TEMPLATE = Path(__file__).with_name('pose_page.html')
LANDMARKS, BYTES = 60_000, 2_000_000
"""At most so many landmarks of all frames, and so many bytes of their pictures."""
LONGEST, QUALITY = 800, 80
"""Of the embedded JPEG files: the longer side, px, and the quality, per cent."""
DECIMALS = 2
"""Of coordinates, px."""
FIELDS = ('keypoints', 'keypoints_3d', 'keypoint_scores')


class Thinned:
    """Items of a stream: all while they are light, then every 2nd, every 4th, ...

    Args:
        most: the weight that they shall not exceed, unless there is only one.
    """

    def __init__(self, most: int) -> None:
        self.most, self.stride = most, 1
        self.items: dict[int, Any] = {}
        self._weights: dict[int, int] = {}

    def wants(self, index: int) -> bool:
        """Whether the item of this index would be kept."""
        return index % self.stride == 0

    def add(self, index: int, item: Any, weight: int) -> None:
        """Keep an item that is wanted."""
        self.items[index], self._weights[index] = item, weight
        while sum(self._weights.values()) > self.most and len(self.items) > 1:
            self.stride *= 2
            for unwanted in [i for i in self.items if not self.wants(i)]:
                del self.items[unwanted], self._weights[unwanted]


class PosePage:
    """A page with a picture, or the frames of a video, and the people in 3D.

    Of a long video it keeps every 2nd frame, every 4th, and so on, and fewer pictures
    than frames, so that the page has some megabytes at most.

    Args:
        title: of the page.
        style: links and colours.
        kpt_thr: least score of landmarks in the overlay.
        fps: frames per second; of a picture it does not matter.
    """

    def __init__(
        self, title: str, style: SkeletonStyle, kpt_thr: float, fps: float
    ) -> None:
        self.title, self.style = title, style
        self.kpt_thr, self.fps = kpt_thr, fps
        self.count = 0
        self._size: tuple[int, int] = (1, 1)
        self._frames, self._images = Thinned(LANDMARKS), Thinned(BYTES)

    def add(
        self, image: NDArray[np.uint8], instances: Sequence[Mapping[str, Any]]
    ) -> None:
        """Add a frame.

        Args:
            image: (H, W, 3) RGB.
            instances: people, with ``keypoints`` (P, 2), ``keypoints_3d`` (P, 3),
                both in px, and perhaps ``keypoint_scores`` and ``track_id``.
        """
        index, self.count = self.count, self.count + 1
        self._size = (image.shape[1], image.shape[0])
        if self._images.wants(index):
            url = jpeg_url(image)
            self._images.add(index, url, len(url))
        if self._frames.wants(index):
            people = [_person(number, one) for number, one in enumerate(instances)]
            weight = 1 + sum(len(person['keypoints']) for person in people)
            self._frames.add(index, people, weight)

    def content(self) -> dict[str, Any]:
        """All that the page shows, as JSON has it.

        Coordinates are rounded to 0.01 px; what is not finite is None.
        """
        frames = self._frames.items
        cells = VideoCells(min(max(map(len, frames.values()), default=1), MOST) or 1)
        for people in frames.values():
            numbers = [person['track_id'] for person in people]
            for person, cell in zip(people, cells.assign(numbers), strict=True):
                person['cell'] = cell
        colors = [to_hex(color).upper() for color in self.style.colors]
        sides = {'left': LEFT, 'right': RIGHT}
        return {
            'links': self.style.links.tolist(),
            'colors': colors,
            'sides': {side: c for side, c in sides.items() if c in colors},
            'people': PEOPLE,
            'cells': cells.count,
            'size': self._size,
            'kpt_thr': self.kpt_thr,
            'fps': self.fps,
            'frames': [{'frame_id': i, 'instances': x} for i, x in frames.items()],
            'images': [
                {'frame_id': i, 'url': x} for i, x in self._images.items.items()
            ],
        }

    def text(self) -> str:
        """The page; what a name or title holds is never taken for HTML."""
        data = json.dumps(self.content(), separators=(',', ':'), allow_nan=False)
        for sign in '<>&':
            data = data.replace(sign, f'\\u{ord(sign):04x}')
        values = {'title': html.escape(self.title), 'data': data}
        template = TEMPLATE.read_text(encoding='utf-8')
        return re.sub(r'\{\{(title|data)\}\}', lambda found: values[found[1]], template)


def jpeg_url(image: NDArray[np.uint8]) -> str:
    """An RGB picture (H, W, 3), resized if it is large, as a data URL."""
    scale = min(LONGEST / max(image.shape[:2]), 1.0)
    size = tuple(max(round(length * scale), 1) for length in image.shape[1::-1])
    small = mmcv.imresize(image, size, interpolation='area') if scale < 1 else image
    bgr = np.ascontiguousarray(small[..., ::-1])
    _, encoded = cv2.imencode('.jpg', bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    return f'data:image/jpeg;base64,{base64.b64encode(encoded).decode()}'


def _person(number: int, instance: Mapping[str, Any]) -> dict[str, Any]:
    """What is drawn of a person."""
    fields = {name: instance[name] for name in FIELDS if name in instance}
    person = {
        name: _rounded(np.asarray(value).tolist()) for name, value in fields.items()
    }
    return {'track_id': int(instance.get('track_id', number)), **person}


def _rounded(values: Any) -> Any:
    if isinstance(values, list):
        return [_rounded(value) for value in values]
    return round(values, DECIMALS) if math.isfinite(values) else None
