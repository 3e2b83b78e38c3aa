"""What a pipeline did to a sample's landmarks before they became a crop."""

from typing import Any

import numpy as np

from nrsfm_distill_mm.datasets.errors import AugmentationError

# Of the landmarks' size. TopdownAffine(use_udp=True) stretches crops that are not
# square by a part of a pixel.
SIMILARITY_TOLERANCE = 5e-3


def landmark_visibility(visible: Any) -> tuple[Any, Any]:
    """Which landmarks (P,) are shown, and which the dataset annotates at all.

    Args:
        visible: (1, P), or (1, P, 2) with the weights that MMPose's
            ``KeypointConverter`` adds.
    """
    if visible.ndim == 3:
        return visible[0, :, 0] > 0, visible[0, :, 1] > 0
    return visible[0] > 0, np.ones(visible.shape[1], dtype=bool)


def check_flip(sample: dict[str, Any]) -> bool:
    """Whether a sample is mirrored.

    Raises:
        AugmentationError: after a flip other than horizontal.
    """
    if not sample.get('flip'):
        return False
    if sample['flip_direction'] != 'horizontal':
        raise AugmentationError(
            f'flip_direction: expected "horizontal", got "{sample["flip_direction"]}"; '
            'there are no labels of depth for other mirror images'
        )
    return True


def unmirrored_landmarks(sample: dict[str, Any]) -> tuple[Any, Any, Any]:
    """Landmarks (P, 2) as annotated, px, which are shown, and which are annotated.

    Raises:
        AugmentationError: after a flip other than horizontal.
    """
    keypoints = sample['keypoints'][0, :, :2]
    shown, annotated = landmark_visibility(sample['keypoints_visible'])
    if not check_flip(sample):
        return keypoints, shown, annotated
    swap = sample['flip_indices']
    right_edge = np.float32([sample['img_shape'][1] - 1, 0])
    keypoints = right_edge + keypoints[swap] * np.float32([-1, 1])
    return keypoints, shown[swap], annotated[swap]


def crop_similarity(results: dict[str, Any], visible: Any) -> complex:
    """How the crop scales and turns its image, x + iy -> factor (x + iy) + shift.

    Args:
        results: with ``keypoints`` and ``transformed_keypoints`` (1, P, 2).
        visible: (P,) bool, landmarks to read it off.

    Raises:
        AugmentationError: the crop is no rotation, scale and shift of the image.
    """
    image, crop = (
        results[name][0, visible].astype(np.float64) @ [1, 1j]
        for name in ('keypoints', 'transformed_keypoints')
    )
    image, crop = image - image.mean(), crop - crop.mean()
    factor = complex(np.vdot(image, crop) / np.vdot(image, image))
    residual = np.linalg.norm(crop - factor * image) / np.linalg.norm(crop)
    if not residual <= SIMILARITY_TOLERANCE:
        raise AugmentationError(
            'transformed_keypoints: expected a rotation, scale and shift of keypoints, '
            f'got something else in {results["img_path"]} ({residual:.1%} off); there '
            'are no teacher codes for other warps, and mirroring comes before '
            'TopdownAffine'
        )
    return factor
