"""Crop pixels and depth <-> crop coordinates."""

from typing import Any

import numpy as np
import numpy.typing as npt
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS

Array = npt.NDArray[np.float32]

# What `LoadTeacherCodes` adds to a sample, each with a leading length of 1.
TEACHER_LABELS = (
    'teacher_code',
    'teacher_camera',
    'teacher_side',
    'teacher_visible',
    'teacher_valid',
    'teacher_id',
)


@KEYPOINT_CODECS.register_module()
class IntegralPose3DLabel(BaseKeypointCodec):
    """Labels in crop widths: x, y from the crop's corner, z from the root.

    Both axes are divided by the crop's width, so that a rotated pose keeps its
    shape in crops of any aspect. Teacher labels pass through.

    Args:
        input_size: (w, h) of the crop, px.
        use_udp: as of the pipeline's ``TopdownAffine``.
    """

    auxiliary_encode_keys = {'keypoint_depth', *TEACHER_LABELS}
    label_mapping_table = {
        name: name for name in ('keypoint_labels', 'keypoint_weights', *TEACHER_LABELS)
    }

    def __init__(self, input_size: tuple[int, int], use_udp: bool = False) -> None:
        super().__init__()
        self.input_size = input_size
        self.use_udp = use_udp

    def encode(
        self,
        keypoints: Array,
        keypoints_visible: Array | None = None,
        keypoint_depth: Array | None = None,
        **teacher_labels: Any,
    ) -> dict[str, Any]:
        """Labels of N people.

        Args:
            keypoints: (N, P, 2), crop px.
            keypoints_visible: (N, P); default all.
            keypoint_depth: (N, P), crop px relative to the root; makes the
                labels three-dimensional, for full supervision.
            **teacher_labels: see ``LoadTeacherCodes``; None where absent.

        Returns:
            ``keypoint_labels`` (N, P, 2 or 3), ``keypoint_weights`` (N, P), 1
            inside the crop and visible, and the teacher labels that came.
        """
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2], dtype=np.float32)
        width, height = self.input_size
        limits = [width - 1, height - 1]
        inside = ((keypoints >= 0) & (keypoints <= limits)).all(axis=-1)
        labels = keypoints[..., :2]
        if keypoint_depth is not None:
            labels = np.concatenate([labels, keypoint_depth[..., None]], axis=-1)
        encoded = {k: v for k, v in teacher_labels.items() if v is not None}
        encoded['keypoint_labels'] = (labels / width).astype(np.float32)
        visible = inside & (keypoints_visible > 0)
        encoded['keypoint_weights'] = visible.astype(np.float32)
        return encoded

    def decode(self, encoded: Array) -> tuple[Array, Array]:
        """Crop pixels (N, P, 2 or 3) and scores of 1 (N, P) from labels.

        With ``use_udp`` they are stretched by W / (W - 1): MMPose divides by W what
        a crop of UDP spreads over W - 1 steps.
        """
        width, height = self.input_size
        pixels = encoded * width
        if self.use_udp:
            larger = [width / (width - 1), height / (height - 1), width / (width - 1)]
            pixels = pixels * np.float32(larger[: encoded.shape[-1]])
        return pixels, np.ones(encoded.shape[:-1], np.float32)
