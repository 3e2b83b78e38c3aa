"""LoadTeacherCodes: camera, code and side of a sample, in its crop's frame."""

from functools import cached_property
from typing import Any

import numpy as np
from mmcv.transforms import BaseTransform
from mmpose.registry import TRANSFORMS

from nrsfm_distill_mm.datasets.errors import AugmentationError
from nrsfm_distill_mm.datasets.transforms.crop_geometry import (
    crop_similarity,
    landmark_visibility,
    unmirrored_landmarks,
)
from nrsfm_distill_mm.geometry import has_sides
from nrsfm_distill_mm.nrsfm import (
    TeacherCodes,
    TeacherCodesError,
    load_teacher_codes,
    sample_key,
)

PARTIAL = ('skip', 'mask')


@TRANSFORMS.register_module()
class LoadTeacherCodes(BaseTransform):
    """Attach the teacher's codes to a top-down sample of any dataset.

    Stands between ``TopdownAffine`` and ``GenerateTarget``, and follows what came
    before: a turned crop turns the camera, a mirrored image takes the codes of the
    mirrored landmarks. How the crop turns and scales is read off the landmarks
    themselves, ``transformed_keypoints`` against ``keypoints``.

    Added keys: ``teacher_code`` (1, K), ``teacher_camera`` (1, 3, 2),
    ``teacher_side`` (1,) in crop widths, ``teacher_visible`` (1, P),
    ``teacher_valid`` (1,), 0 where a sample takes the 2D loss alone, and
    ``teacher_id`` (1,).

    Args:
        codes_file: the ``.safetensors`` file of codes.
        partial: samples with a hidden landmark (that the dataset does annotate)
            take the 2D loss alone, as in Wang et al. 2019 (``'skip'``), or the codes
            that the teacher inferred from what is visible (``'mask'``).
        min_visible: samples that show fewer landmarks take the 2D loss alone, as
            ``LandmarkBatchDataset`` leaves them out.
        tolerance: how far centre and side of the annotated landmarks may be from those
            that the teacher saw, in sides.
    """

    def __init__(
        self,
        codes_file: str,
        partial: str = 'skip',
        min_visible: int = 4,
        tolerance: float = 0.02,
    ) -> None:
        if partial not in PARTIAL:
            raise ValueError(f'partial: expected one of {PARTIAL}, got {partial!r}')
        self.codes_file = codes_file
        self.partial = partial
        self.min_visible = min_visible
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
            AugmentationError: the crop is no rotation, scale and shift of the image or
                of its horizontal mirror image, or the landmarks have no sides, and the
                mirror image is that of another object.
        """
        row = self.check(results)
        labels = self._blank(results) if row is None else self._codes(results, row)
        labels['teacher_valid'] = np.float32([row is not None])
        labels['teacher_id'] = np.array([self.codes.teacher_id])
        return results | labels

    def check(self, sample: dict[str, Any]) -> int | None:
        """The row of a sample's codes; None if it takes the 2D loss alone.

        Raises:
            AugmentationError, TeacherCodesError: as ``transform``.
        """
        points = sample['keypoints'].shape[1]
        name = sample.get('dataset_name', self.codes.info.skeleton)
        if np.ndim(sample['keypoints_visible']) > 2:  # converted; the name is not
            name = self.codes.info.skeleton
        self.codes.check_skeleton(f'{sample["img_path"]} has', name, points)
        keypoints, shown, annotated = unmirrored_landmarks(sample)
        if sample.get('flip') and not has_sides(sample['flip_indices']):
            raise AugmentationError(
                f'flip: the landmarks of "{name}" have no sides, so that the mirror '
                'image is that of another object, of which the teacher knows nothing; '
                'leave RandomFlip out'
            )
        complete = shown[annotated].all()
        if shown.sum() < self.min_visible or not (complete or self.partial == 'mask'):
            return None
        row = self.codes.row(sample_key(sample['img_path'], sample['id']))
        if not self._fits(keypoints, shown, row):
            raise TeacherCodesError(
                f'{self.codes_file}: the codes of {sample["img_path"]} were inferred '
                'from other landmarks than its annotation has; if the data set has '
                'changed, write the codes again; if the pipeline changes the image '
                'otherwise than by a horizontal flip before TopdownAffine, there are '
                'no codes for that'
            )
        return row

    def _blank(self, results: dict[str, Any]) -> dict[str, Any]:
        camera = np.eye(3, 2, dtype=np.float32)[None]
        code = np.zeros((1, self.codes.code.shape[1]), dtype=np.float32)
        shown, _ = landmark_visibility(results['keypoints_visible'])
        return {
            'teacher_code': code,
            'teacher_camera': camera,
            'teacher_side': np.ones(1, dtype=np.float32),
            'teacher_visible': shown[None].astype(np.float32),
        }

    def _codes(self, results: dict[str, Any], row: int) -> dict[str, Any]:
        codes, visible = self.codes, self.codes.visible[row]
        code, camera = codes.code, codes.camera
        if results.get('flip'):
            visible = visible[results['flip_indices']]
            code, camera = codes.code_flipped, codes.camera_flipped
        crop = crop_similarity(results, visible > 0)
        # As geometry.in_plane_rotation, which takes longer than all the rest here.
        turn = np.array([[crop.real, crop.imag], [-crop.imag, crop.real]]) / abs(crop)
        scale = abs(crop) / results['input_size'][0]
        return {
            'teacher_code': code[row : row + 1].copy(),
            'teacher_camera': (camera[row : row + 1] @ turn).astype(np.float32),
            'teacher_side': (codes.side[row : row + 1] * scale).astype(np.float32),
            'teacher_visible': visible[None].copy(),
        }

    def _fits(self, keypoints: Any, shown: Any, row: int) -> bool:
        """Whether codes were inferred from these landmarks (P, 2)."""
        codes, believed = self.codes, self.codes.visible[row] > 0
        if not shown[believed].all():
            return False
        points, side = keypoints[believed], codes.side[row]
        gaps = [*np.abs(points.mean(axis=0) - codes.centre[row])]
        gaps.append(abs(np.ptp(points, axis=0).max() - side))
        residual = codes.reprojected(row)[believed] - points
        size = np.linalg.norm(points - points.mean(axis=0))
        error = codes.reprojection_error[row] + self.tolerance
        near = max(gaps) <= self.tolerance * side
        return bool(near and np.linalg.norm(residual) <= error * size)
