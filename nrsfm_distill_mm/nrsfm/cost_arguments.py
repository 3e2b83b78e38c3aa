"""The arguments that the costs of a depth share: checked, and in float64."""

from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    ShapeError,
    ValueRangeError,
    check_camera,
    check_device,
    check_finite,
    check_real,
    check_shape,
)


class CostArguments(NamedTuple):
    """What the costs are functions of, float64.

    Attributes:
        depth: hypothesis z' (N, P), sides, camera frame.
        code: the teacher's (N, K).
        camera: the teacher's (N, 3, 2).
        dictionary: (P, 3, K).
        landmarks: w (N, P, 2), sides; 0 where hidden.
        visible: (N, P), 0 or 1.
    """

    depth: Tensor
    code: Tensor
    camera: Tensor
    dictionary: Tensor
    landmarks: Tensor
    visible: Tensor


def cost_arguments(  # noqa: PLR0913
    depth: Tensor,
    code: Tensor,
    camera: Tensor,
    dictionary: Tensor,
    landmarks: Tensor,
    code_weight: float,
    visible: Tensor | None,
) -> CostArguments:
    """Check the arguments of a cost; values only where that stops no compiler.

    Raises:
        DtypeError, DeviceError, ShapeError: for tensors that do not fit each other,
            and for fewer atoms than landmarks, which leave depths that no code gives.
        ValueRangeError: for cameras that are not orthonormal, numbers that are not
            finite, a mask of other numbers than 0 and 1, and weights below 0.
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
    check_shape('dictionary', dictionary, ('P', 3, 'K'))
    points, _, atoms = dictionary.shape
    if atoms < points:
        raise ShapeError(
            f'dictionary: expected at least as many atoms as its {points} landmarks, '
            f'got {atoms}'
        )
    check_shape('depth', depth, ('N', points))
    count = len(depth)
    check_shape('code', code, (count, atoms))
    check_shape('camera', camera, (count, 3, 2))
    check_shape('landmarks', landmarks, (count, points, 2))
    if not code_weight >= 0:
        raise ValueRangeError(f'code_weight: expected at least 0, got {code_weight}')
    doubles = {name: tensor.double() for name, tensor in named.items()}
    if visible is None:
        shown = torch.ones_like(doubles['depth'])
    else:
        check_device('visible', visible, depth.device)
        check_shape('visible', visible, (count, points))
        shown = visible.double()
    if not torch.compiler.is_compiling():
        _check_values(doubles, shown)
    doubles['landmarks'] = torch.where(shown.unsqueeze(-1) > 0, doubles['landmarks'], 0)
    return CostArguments(**doubles, visible=shown)


@torch.no_grad()
def _check_values(named: dict[str, Tensor], visible: Tensor) -> None:
    """One question to the device if all is well."""
    camera = named['camera']
    gram = camera.transpose(-2, -1) @ camera
    zero_or_one = (visible == 0) | (visible == 1)
    summed = torch.where(visible > 0, named['landmarks'].sum(-1), 0).sum()
    for name in ('depth', 'code', 'dictionary'):
        summed = summed + named[name].sum()
    unit = torch.eye(2, dtype=gram.dtype, device=gram.device)
    if bool(
        ((gram - unit).abs() <= 1e-3).all() & zero_or_one.all() & summed.isfinite()
    ):
        return
    for name in ('depth', 'code', 'dictionary'):
        check_finite(name, named[name])
    check_finite('landmarks', named['landmarks'][visible > 0])
    check_camera('camera', camera)
    raise ValueRangeError('visible: expected 0 or 1, got other numbers')
