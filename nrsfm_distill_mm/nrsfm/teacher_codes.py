"""The teacher's codes: the only contact between teacher and student.

Rows are sorted by sample key, so that a row is found by bisection, with constant
memory however many samples there are.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from nrsfm_distill_mm.geometry import project_from_distance, radius, to_camera_frame

FloatArray = npt.NDArray[np.float32]


class TeacherCodesError(ValueError):
    """A file of teacher codes is unreadable, or is not the one wanted."""


@dataclass(frozen=True)
class CodesInfo:
    """What a file of codes says of its origin.

    Attributes:
        skeleton: name of the landmarks' metainfo, such as ``h36m``.
        depth_sign: the stored reflection, 1 or -1.
        inverse_distance: of the camera, per radius of the object; 0 is orthographic.
        config: the teacher's config as text.
        checkpoint: the teacher's checkpoint, name and sha256.
    """

    skeleton: str
    depth_sign: int = 1
    config: str = ''
    checkpoint: str = ''
    inverse_distance: float = 0.0


@dataclass(frozen=True)
class TeacherCodes:
    """Dictionary and per-sample codes; arrays may be memory-mapped.

    Attributes:
        info: where they come from.
        dictionary: (P, 3, K), zero mean over the points, unit RMS atom length.
        keys: (N,) bytes, sorted.
        code, code_flipped: (N, K).
        camera, camera_flipped: (N, 3, 2); *_flipped belong to the mirrored image.
        side: (N,) px. centre: (N, 2) px, of the landmarks that were visible.
        visible: (N, P), 1 where the teacher believed what it saw.
        reprojection_error: (N,), relative.
    """

    info: CodesInfo
    dictionary: FloatArray
    keys: npt.NDArray[np.bytes_]
    code: FloatArray
    camera: FloatArray
    code_flipped: FloatArray
    camera_flipped: FloatArray
    side: FloatArray
    centre: FloatArray
    visible: FloatArray
    reprojection_error: FloatArray
    path: str = field(default='', compare=False)

    def __len__(self) -> int:
        return len(self.keys)

    @cached_property
    def teacher_id(self) -> int:
        """Fingerprint of dictionary, sign and distance: one for a teacher's codes."""
        rest = f'{self.info.depth_sign} {self.info.inverse_distance}'
        content = self.dictionary.tobytes() + rest.encode()
        return int.from_bytes(hashlib.sha256(content).digest()[:7], 'big')

    def row(self, key: str) -> int:
        """Index of a sample.

        Raises:
            TeacherCodesError: if the file does not hold the sample.
        """
        wanted = key.encode()
        # Of the keys' own type: for a longer one NumPy would copy all keys.
        index = int(np.searchsorted(self.keys, np.array(wanted, self.keys.dtype)))
        if index == len(self.keys) or self.keys[index] != wanted:
            raise TeacherCodesError(
                f'{self.path}: no code for sample "{key}" among {len(self)}, the first '
                f'being "{self.keys[0].decode()}"; these codes are of another data '
                'set, write them again with tools/test.py and a *_codes.py config'
            )
        return index

    def reprojected(self, row: int) -> FloatArray:
        """Where a sample's code projects the landmarks (P, 2), px."""
        shape = self.dictionary @ self.code[row]
        flat: FloatArray = shape @ self.camera[row]
        if self.info.inverse_distance:
            camera = torch.from_numpy(self.camera[row].copy())
            pose = to_camera_frame(torch.from_numpy(shape), camera)
            distance = self.info.inverse_distance / radius(pose)
            flat = project_from_distance(pose, distance).numpy()
        centred = flat - flat[self.visible[row] > 0].mean(axis=0)
        pixels: FloatArray = centred * self.side[row] + self.centre[row]
        return pixels

    def check_skeleton(self, others_have: str, name: str, points: int) -> None:
        """Refuse samples with other landmarks than the teacher's.

        Args:
            others_have: whose landmarks these are, such as ``a.jpg has``.
            name: of their metainfo.
            points: their number.

        Raises:
            TeacherCodesError: of another name or number.
        """
        expected = self.info.skeleton, len(self.dictionary)
        if (name, points) != expected:
            raise TeacherCodesError(
                f'{self.path}: the teacher has the {expected[1]} landmarks of '
                f'"{expected[0]}", {others_have} the {points} of "{name}"'
            )


def sample_key(image: str | os.PathLike[str], annotation_id: int | str) -> str:
    """Key of an annotated person: image file name and annotation id."""
    return f'{Path(image).name}:{annotation_id}'


def sort_by_key(keys: Sequence[str]) -> tuple[npt.NDArray[np.bytes_], Any]:
    """Sorted keys (N,) as bytes, and the order that sorts them.

    Raises:
        TeacherCodesError: if two samples have one key.
    """
    array = np.array([key.encode() for key in keys])
    order = np.argsort(array)
    array = array[order]
    twice = np.flatnonzero(array[1:] == array[:-1])
    if len(twice):
        raise TeacherCodesError(
            f'keys: expected distinct samples, got "{array[twice[0]].decode()}" twice '
            f'({len(twice)} duplicates); file names and annotation ids must tell '
            'samples apart'
        )
    return array, order
