"""LoadTeacherCodes: camera, code and side of a sample, in its crop's frame."""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from nrsfm_distill_mm.geometry import in_plane_rotation
from nrsfm_distill_mm.nrsfm import (
    TeacherCodes,
    TeacherCodesError,
    load_teacher_codes,
    sample_key,
)


@TRANSFORMS.register_module()
class LoadTeacherCodes(BaseTransform):
    """Attach the teacher's codes to a top-down sample of any dataset.

    Stands between ``TopdownAffine`` and ``GenerateTarget``, and follows what came
    before: a turned crop turns the camera, a mirrored image takes the codes of the
    mirrored landmarks. Samples with a hidden landmark (that the dataset does
    annotate) take the 2D loss alone, as in Wang et al. 2019: ``teacher_valid`` 0.

    Added keys: ``teacher_code`` (1, K), ``teacher_camera`` (1, 3, 2),
    ``teacher_side`` (1,) in crop widths, ``teacher_visible`` (1, P),
    ``teacher_valid`` (1,), ``teacher_id`` (1,).

    Args:
        codes_file: the ``.safetensors`` file of codes.
        tolerance: how far the annotated landmarks may be from those that the
            teacher saw, in sides.
    """

    def __init__(self, codes_file: str, tolerance: float = 0.02) -> None:
        self.codes_file = codes_file
        self.tolerance = tolerance
        load_teacher_codes(codes_file)

    def __getstate__(self) -> dict[str, Any]:
        return {k: v for k, v in self.__dict__.items() if k != 'codes'}

    @cached_property
    def codes(self) -> TeacherCodes:
        """The file, opened once per process."""
        return load_teacher_codes(self.codes_file)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Add the teacher's labels.

        Raises:
            TeacherCodesError: the file does not hold the sample, or holds codes of
                other landmarks.
            ValueError: a flip other than horizontal.
        """
        row = self.check(results)
        labels = self._blank() if row is None else self._codes(results, row)
        shown, _ = _visibility(results['keypoints_visible'])
        labels['teacher_visible'] = shown[None].astype(np.float32)
        labels['teacher_valid'] = np.float32([row is not None])
        labels['teacher_id'] = np.array([self.codes.teacher_id])
        return results | labels

    def check(self, sample: dict[str, Any]) -> int | None:
        """The row of a sample's codes; None if it takes the 2D loss alone.

        Raises:
            TeacherCodesError: as ``transform``.
        """
        self._check_skeleton(sample)
        shown, annotated = _visibility(sample['keypoints_visible'])
        if not shown[annotated].all():
            return None
        row = self.codes.row(sample_key(sample['img_path'], sample['id']))
        self._check_landmarks(sample, shown, row)
        return row

    def _blank(self) -> dict[str, Any]:
        camera = np.eye(3, 2, dtype=np.float32)[None]
        code = np.zeros((1, self.codes.code.shape[1]), dtype=np.float32)
        return {
            'teacher_code': code,
            'teacher_camera': camera,
            'teacher_side': np.ones(1, dtype=np.float32),
        }

    def _codes(self, results: dict[str, Any], row: int) -> dict[str, Any]:
        codes = self.codes
        flipped = self._is_flipped(results)
        camera = codes.camera_flipped if flipped else codes.camera
        code = codes.code_flipped if flipped else codes.code
        width = results['bbox_scale'][0, 0]
        return {
            'teacher_code': code[row : row + 1].copy(),
            'teacher_camera': _turned(camera[row : row + 1], results),
            'teacher_side': codes.side[row : row + 1] / np.float32(width),
        }

    @staticmethod
    def _is_flipped(results: dict[str, Any]) -> bool:
        direction = results.get('flip_direction') if results.get('flip') else None
        if direction not in (None, 'horizontal'):
            raise ValueError(
                f'flip_direction: expected "horizontal", got "{direction}"; there are '
                'no teacher codes for other mirror images'
            )
        return direction is not None

    def _check_skeleton(self, results: dict[str, Any]) -> None:
        """Refuse samples of another skeleton than the teacher's."""
        expected, points = self.codes.info.skeleton, len(self.codes.dictionary)
        name = results.get('dataset_name', expected)
        found = results['keypoints'].shape[1]
        if (name, found) != (expected, points):
            raise TeacherCodesError(
                f'{self.codes_file}: the teacher has the {points} landmarks of '
                f'"{expected}", {results["img_path"]} has the {found} of "{name}"'
            )

    def _check_landmarks(self, results: dict[str, Any], shown: Any, row: int) -> None:
        """Refuse codes that were inferred from other landmarks."""
        codes, keypoints = self.codes, results['keypoints'][0, :, :2]
        extent = np.ptp(keypoints[shown], axis=0).max()
        if abs(extent - codes.side[row]) > self.tolerance * codes.side[row]:
            raise TeacherCodesError(
                f'{self.codes_file}: the codes of {results["img_path"]} were inferred '
                f'from landmarks {codes.side[row]:.1f} px wide, the annotation is '
                f'{extent:.1f} px; the data set has changed, write the codes again'
            )


def _visibility(visible: Any) -> tuple[Any, Any]:
    """Which landmarks (P,) are shown, and which the dataset annotates at all."""
    if visible.ndim == 3:  # noqa: PLR2004
        return visible[0, :, 0] > 0, visible[0, :, 1] > 0
    return visible[0] > 0, np.ones(visible.shape[1], dtype=bool)


def _turned(camera: Any, results: dict[str, Any]) -> Any:
    """Cameras (1, 3, 2) after the crop's rotation (degrees)."""
    if 'bbox_rotation' not in results:
        return camera.copy()
    angle = torch.tensor(-np.deg2rad(results['bbox_rotation'][0]))
    return (camera @ in_plane_rotation(angle).numpy()).astype(np.float32)
