"""The arguments that the costs of a depth share: checked, and in float64."""

import math
from numbers import Real
from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    CAMERA_TOLERANCE,
    DtypeError,
    ShapeError,
    ValueRangeError,
    camera_error,
    check_camera,
    check_device,
    check_dimensions,
    check_finite,
    check_real,
)


class CostArguments(NamedTuple):
    """What the costs are functions of, float64.

    Attributes:
        depth: hypothesis z' (N, P), sides, camera frame.
        code: the teacher's (N, K).
        camera: the teacher's (N, 3, 2).
        dictionary: (P, 3, K).
        landmarks: w (N, P, 2), sides; 0 where hidden.
        visible: (N, P), 0 or 1; None for all.
    """

    depth: Tensor
    code: Tensor
    camera: Tensor
    dictionary: Tensor
    landmarks: Tensor
    visible: Tensor | None


def cost_arguments(
    depth: Tensor,
    code: Tensor,
    camera: Tensor,
    dictionary: Tensor,
    landmarks: Tensor,
    code_weight: float,
    visible: Tensor | None,
) -> CostArguments:
    """Check that the arguments of a cost fit each other.

    Raises:
        DtypeError, DeviceError, ShapeError: for tensors that do not, and for fewer
            atoms than landmarks, which leave depths that no code gives.
        ValueRangeError: for a weight below 0 or infinite.
    """
    named = {
        'depth': depth,
        'code': code,
        'camera': camera,
        'dictionary': dictionary,
        'landmarks': landmarks,
    }
    for name, tensor in named.items():
        check_real(name, tensor)
        check_device(name, tensor, depth.device)
    check_dimensions('dictionary', dictionary, ('P', 3, 'K'))
    points, _, atoms = dictionary.shape
    if atoms < points:
        raise ShapeError(
            f'dictionary: expected at least as many atoms as its {points} landmarks, '
            f'got {atoms}'
        )
    check_dimensions('depth', depth, ('N', points))
    count = len(depth)
    check_dimensions('code', code, (count, atoms))
    check_dimensions('camera', camera, (count, 3, 2))
    check_dimensions('landmarks', landmarks, (count, points, 2))
    _check_code_weight(code_weight)
    doubles = {name: tensor.detach().double() for name, tensor in named.items()}
    if visible is not None:
        if not isinstance(visible, Tensor) or visible.is_complex():
            found = getattr(visible, 'dtype', type(visible).__name__)
            raise DtypeError(f'visible: expected a tensor of 0 and 1, got {found}')
        check_device('visible', visible, depth.device)
        check_dimensions('visible', visible, (count, points))
        visible = visible.double()
        doubles['landmarks'] = doubles['landmarks'].masked_fill(
            (visible == 0).unsqueeze(-1), 0
        )
    return CostArguments(**doubles, visible=visible)


def _check_code_weight(code_weight: float) -> None:
    if not isinstance(code_weight, Real):
        found = type(code_weight).__name__
        raise DtypeError(f'code_weight: expected a number, got {found}')
    if not 0 <= code_weight < math.inf:
        raise ValueRangeError(f'code_weight: expected at least 0, got {code_weight}')


def check_values(arguments: CostArguments, cost: Tensor) -> None:
    """Ask the device once whether all is well, and find out what is not.

    Under a compiler nobody asks.

    Args:
        arguments: of a cost.
        cost: (N,), finite only if the arguments are.

    Raises:
        ValueRangeError: for cameras that are not orthonormal, numbers that are not
            finite, and a mask of other numbers than 0 and 1.
    """
    if torch.compiler.is_compiling():
        return
    depth, code, camera, dictionary, landmarks, visible = arguments
    well = cost.isfinite().all() & (camera_error(camera) <= CAMERA_TOLERANCE).all()
    if visible is not None:
        well = well & (visible * (1 - visible) == 0).all()
    if bool(well):
        return
    check_finite('depth', depth)
    check_finite('code', code)
    check_finite('dictionary', dictionary)
    check_finite('landmarks', landmarks)
    check_camera('camera', camera)
    check_finite('cost', cost)
    raise ValueRangeError('visible: expected 0 or 1, got other numbers')
