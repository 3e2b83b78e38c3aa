"""Where a loss has the teacher's answers from: a file of codes, or the teacher."""

from typing import NamedTuple

import torch
from torch import Tensor

from nrsfm_distill_mm.geometry import DeviceError, check_finite, check_shape
from nrsfm_distill_mm.models.deep_nrsfm import DeepNRSfM
from nrsfm_distill_mm.models.load_teacher import load_teacher
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels
from nrsfm_distill_mm.nrsfm import (
    DictionaryGram,
    dictionary_gram,
    dictionary_scale,
    load_teacher_codes,
)

MIN_VISIBLE = 4  # landmarks, fewer leave the camera open


class TeacherBasis(NamedTuple):
    """What is the same for all samples of a teacher.

    Attributes:
        dictionary: (P, 3, K), unit RMS atoms.
        gram: of the dictionary.
        depth_sign: 1 or -1.
        inverse_distance: of the camera, per radius of the object; 0 is orthographic.
    """

    dictionary: Tensor
    gram: DictionaryGram
    depth_sign: int
    inverse_distance: float

    @classmethod
    def of(
        cls, dictionary: Tensor, depth_sign: int, inverse_distance: float = 0.0
    ) -> 'TeacherBasis':
        """The basis with this dictionary."""
        return cls(
            dictionary, dictionary_gram(dictionary), depth_sign, inverse_distance
        )

    def to(self, device: torch.device) -> 'TeacherBasis':
        """The same on a device.

        Raises:
            DeviceError: it knows no float64.
        """
        if device.type == 'mps':
            raise DeviceError(
                "device: expected one with float64, for the costs; Apple's have none"
            )
        if self.dictionary.device == device:
            return self
        gram = DictionaryGram(*(value.to(device) for value in self.gram))
        return self._replace(dictionary=self.dictionary.to(device), gram=gram)


class CodesFile:
    """Labels come with the samples; dictionary and depth sign from the file.

    It is read when first used, inference needs no file. Codes of another teacher
    than the file's are refused.

    Args:
        path: the ``.safetensors`` file.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.teacher_id = 0
        self.basis: TeacherBasis | None = None

    def read(
        self, target: Tensor, visible: Tensor, labels: TeacherLabels | None
    ) -> tuple[TeacherLabels, TeacherBasis]:
        """The labels that came, and the basis on their device.

        Raises:
            FileNotFoundError: no such file.
            TeacherCodesError: not a file of codes.
            ValueError: no labels, or labels of another teacher.
            ShapeError: labels of another shape than the samples.
        """
        if not isinstance(labels, TeacherLabels):
            raise ValueError(
                'teacher_labels: expected TeacherLabels, got '
                f'{type(labels).__name__}; put LoadTeacherCodes before GenerateTarget '
                'in the pipeline and use the codec IntegralPose3DLabel, or give the '
                'loss teacher="checkpoint.pth" instead of a codes_file'
            )
        if self.basis is None:
            self.basis = self._load()
        # Every batch: datasets that are mixed have files of their own.
        if bool(((labels.id != self.teacher_id) & (labels.valid > 0)).any()):
            raise ValueError(
                f'{self.path}: the samples carry codes of another teacher than '
                'this file; use files of one teacher for LoadTeacherCodes and the '
                'loss'
            )
        self.basis = self.basis.to(labels.code.device)
        count, (points, _, atoms) = len(target), self.basis.dictionary.shape
        check_shape('teacher_labels.code', labels.code, (count, atoms))
        check_shape('teacher_labels.camera', labels.camera, (count, 3, 2))
        check_shape('teacher_labels.visible', labels.visible, (count, points))
        code, camera = labels.code.float(), labels.camera.float()
        return labels._replace(code=code, camera=camera), self.basis

    def _load(self) -> TeacherBasis:
        codes = load_teacher_codes(self.path)
        self.teacher_id = codes.teacher_id
        dictionary = torch.from_numpy(codes.dictionary.copy())
        info = codes.info
        return TeacherBasis.of(dictionary, info.depth_sign, info.inverse_distance)


class FrozenTeacher:
    """The teacher answers for the 2D targets themselves; it is never trained.

    It stays out of the model's parameters and checkpoints, and is read when first
    used. Samples that show fewer than four landmarks, or all in one point, are not
    valid.

    Args:
        path: the teacher's checkpoint.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.model: DeepNRSfM | None = None
        self.basis: TeacherBasis | None = None

    def read(
        self, target: Tensor, visible: Tensor, labels: TeacherLabels | None
    ) -> tuple[TeacherLabels, TeacherBasis]:
        """Labels of targets (N, P, 2), any unit, and the basis.

        Raises:
            FileNotFoundError, TeacherCheckpointError: see ``load_teacher``.
            ShapeError: targets of another number of landmarks than the teacher's.
            ValueRangeError: a visible landmark is not finite.
        """
        if self.model is None or self.basis is None:
            self.model = load_teacher(self.path, str(target.device))
            exported = self.model.export()
            exported['dictionary'] = torch.from_numpy(exported['dictionary'])
            self.basis = TeacherBasis.of(**exported)
        self.model.to(target.device)
        self.basis = self.basis.to(target.device)
        points, _, atoms = self.basis.dictionary.shape
        check_shape('target', target, (points, 2))
        check_finite('target', target[visible])
        side, valid = _extent(target, visible)
        code = target.new_zeros(len(target), atoms)
        camera = torch.eye(3, 2, device=target.device).repeat(len(target), 1, 1)
        if bool(valid.any()):
            output, seen, shown = self.model.infer(target[valid], visible[valid])
            code[valid] = output.code * dictionary_scale(self.model.network.dictionary)
            camera[valid], side[valid] = output.camera, seen.side
            if shown is not None:
                visible = visible.clone()
                visible[valid] = shown
        fields = code, camera, side, visible, valid.float()
        return TeacherLabels(*fields, torch.zeros_like(valid)), self.basis


def _extent(target: Tensor, visible: Tensor) -> tuple[Tensor, Tensor]:
    """Longer side (N,) of the landmarks' box, 1 if there is none; can they be lifted.

    That takes four landmarks, not all in one point.
    """
    shown = visible.unsqueeze(-1)
    high = torch.where(shown, target, -torch.inf).amax(1)
    side = (high - torch.where(shown, target, torch.inf).amin(1)).amax(1)
    extended = (side > 0) & side.isfinite()
    enough = visible.sum(1) >= MIN_VISIBLE
    return torch.where(extended, side, 1), extended & enough
