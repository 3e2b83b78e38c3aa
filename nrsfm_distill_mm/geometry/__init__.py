"""Geometry on tensors with free leading dimensions; PyTorch only."""

from nrsfm_distill_mm.geometry.cameras import (
    mirror_depth,
    mirror_sides,
    project_from_distance,
    project_orthographic,
    project_perspective,
    radius,
    remove_perspective,
    rotation_from_camera,
    seen_from_afar,
    to_camera_frame,
)
from nrsfm_distill_mm.geometry.checks import (
    CAMERA_TOLERANCE,
    DeviceError,
    DtypeError,
    ShapeError,
    ValueRangeError,
    camera_error,
    check_camera,
    check_device,
    check_dimensions,
    check_finite,
    check_real,
    check_shape,
)
from nrsfm_distill_mm.geometry.expectations import is_exporting
from nrsfm_distill_mm.geometry.heatmaps import (
    SMALL_VOLUME,
    cell_centres,
    depth_centres,
    soft_argmax_3d,
)
from nrsfm_distill_mm.geometry.normalisation import (
    NormalisedLandmarks,
    centre_points,
    normalise_landmarks,
)
from nrsfm_distill_mm.geometry.procrustes import (
    Similarity,
    camera_from_shape,
    nearest_camera,
    similarity_alignment,
)
from nrsfm_distill_mm.geometry.rotations import (
    geodesic_angle,
    in_plane_rotation,
    rotation_about,
    vertical_rotation,
)

__all__ = [
    'SMALL_VOLUME',
    'CAMERA_TOLERANCE',
    'DeviceError',
    'DtypeError',
    'NormalisedLandmarks',
    'ShapeError',
    'Similarity',
    'ValueRangeError',
    'camera_error',
    'camera_from_shape',
    'cell_centres',
    'centre_points',
    'check_camera',
    'check_device',
    'check_dimensions',
    'check_finite',
    'check_real',
    'check_shape',
    'depth_centres',
    'geodesic_angle',
    'in_plane_rotation',
    'is_exporting',
    'mirror_depth',
    'mirror_sides',
    'nearest_camera',
    'normalise_landmarks',
    'project_from_distance',
    'project_orthographic',
    'project_perspective',
    'radius',
    'remove_perspective',
    'rotation_about',
    'rotation_from_camera',
    'seen_from_afar',
    'similarity_alignment',
    'soft_argmax_3d',
    'to_camera_frame',
    'vertical_rotation',
]
