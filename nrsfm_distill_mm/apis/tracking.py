"""The same person from frame to frame: identities, and steady landmarks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from mmpose.apis import _track_by_iou
from mmpose.structures import PoseDataSample
from numpy.typing import NDArray

Array = NDArray[np.floating]

PATIENCE = 10
"""Frames for which somebody who is not found keeps the identity."""
LEAST_CUTOFF, CUTOFF_PER_SPEED, SPEED_CUTOFF = 1.5, 4.0, 1.0
"""Of the one-euro filter: Hz, Hz per body length a second, Hz."""


class Filtered(NamedTuple):
    """State of the one-euro filter: values, and their rates of change per second."""

    value: Array
    speed: Array


def one_euro(observed: Array, last: Filtered | None, fps: float) -> Filtered:
    """One step of the one-euro filter (Casiez, Roussel, Vogel 2012) on each value.

    A low-pass filter whose cutoff rises with speed: what rests is steady, what moves
    does not lag behind.

    Args:
        observed: any shape, in body lengths.
        last: the state after the frame before; None at the first.
        fps: frames per second.
    """
    if last is None:
        return Filtered(observed, np.zeros_like(observed))
    speed = (observed - last.value) * fps
    speed = last.speed + _share(SPEED_CUTOFF, fps) * (speed - last.speed)
    share = _share(LEAST_CUTOFF + CUTOFF_PER_SPEED * np.abs(speed), fps)
    return Filtered(last.value + share * (observed - last.value), speed)


def _share(cutoff: float | Array, fps: float) -> Array:
    """How far to go towards a new value for a cutoff in Hz."""
    return 1 / (1 + fps / (2 * math.pi * np.asarray(cutoff)))


@dataclass
class Track:
    """One person of a video, as last seen."""

    sample: PoseDataSample
    length: float
    unseen: int = 0
    filtered: Filtered | None = None

    def see_length(self, length: float) -> None:
        """A person who shows more than ever is longer than was thought."""
        if length > self.length:
            if self.filtered is not None:
                value, speed = (x * self.length / length for x in self.filtered)
                self.filtered = Filtered(value, speed)
            self.length = length


class Tracker:
    """Gives the people of successive frames their identities: ``track_id``, from 0.

    Args:
        fps: frames per second of the video.
        tracking_thr: least intersection over union of boxes of one person.
        smooth: filters ``keypoints`` and ``keypoints_3d`` over time.
    """

    def __init__(
        self, fps: float, tracking_thr: float = 0.3, smooth: bool = False
    ) -> None:
        self.fps, self.threshold, self.smooth = fps, tracking_thr, smooth
        self.tracks: dict[int, Track] = {}
        self.count = 0

    def update(self, people: Sequence[PoseDataSample]) -> list[PoseDataSample]:
        """The people of the next frame, by identity; filtered in place."""
        waiting = [track.sample for track in self.tracks.values()]
        seen = set()
        for person in people:
            number, waiting, _ = _track_by_iou(person, waiting, self.threshold)
            if number < 0:
                number, self.count = self.count, self.count + 1
            person.set_field(number, 'track_id')
            seen.add(number)
            track = self.tracks.setdefault(number, Track(person, _length(person)))
            track.sample, track.unseen = person, 0
            track.see_length(_length(person))
            if self.smooth:
                self._filter(track)
        for number in self.tracks.keys() - seen:
            track = self.tracks[number]
            track.unseen, track.filtered = track.unseen + 1, None
            if track.unseen > PATIENCE:
                del self.tracks[number]
        return sorted(people, key=lambda person: person.track_id)

    def _filter(self, track: Track) -> None:
        instances = track.sample.pred_instances
        # x and y of the two differ where the perspective was removed.
        body = np.concatenate([instances.keypoints_3d, instances.keypoints], axis=-1)
        track.filtered = one_euro(body / track.length, track.filtered, self.fps)
        steady = track.filtered.value * track.length
        instances.keypoints_3d, instances.keypoints = np.split(steady, [3], axis=-1)


def _length(person: PoseDataSample) -> float:
    """The longer side of the box about the landmarks, px."""
    return float(np.ptp(person.pred_instances.keypoints[0], axis=0).max()) or 1.0
