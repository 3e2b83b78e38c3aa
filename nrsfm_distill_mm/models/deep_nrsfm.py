"""DeepNRSfM: the teacher as a model of the MMEngine runner."""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.logging import MessageHub
from mmengine.model import BaseModel
from mmengine.structures import InstanceData
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    NormalisedLandmarks,
    normalise_landmarks,
    to_camera_frame,
)
from nrsfm_distill_mm.nrsfm import (
    DeepNRSfMNetwork,
    NRSfMOutput,
    bone_length_variation,
    dictionary_scale,
    lift,
    reprojection_error,
    teacher_loss,
)


@MODELS.register_module()
class DeepNRSfM(BaseModel):
    """Teacher of Wang et al. 2019, trained on 2D landmarks alone.

    Its buffer ``depth_sign`` is the stored reflection; predictions obey it.

    Args:
        metainfo: describes the P landmarks and the links between them, as the
            datasets of MMPose take it.
        code_sizes: K1, ..., Kn.
        init_std: see :class:`~nrsfm_distill_mm.nrsfm.DeepNRSfMNetwork`.
        code_weight: weight of l1(phi_1) in training (Eq. 4).
        bone_weight: weight of the variation of the bones' proportions within a
            batch; unused where the metainfo has no links.
    """

    def __init__(
        self,
        metainfo: dict[str, Any],
        code_sizes: Sequence[int] = (256, 128, 64, 32, 16, 8),
        init_std: float | None = None,
        code_weight: float = 0.0,
        bone_weight: float = 0.0,
        data_preprocessor: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data_preprocessor, init_cfg)
        landmarks = parse_pose_metainfo(metainfo)
        count, links = landmarks['num_keypoints'], landmarks['skeleton_links']
        self.network = DeepNRSfMNetwork(count, code_sizes, init_std)
        self.code_weight = code_weight
        self.bone_weight = bone_weight if links else 0.0
        self.links: Tensor
        self.register_buffer('links', torch.tensor(links), persistent=False)
        self.depth_sign: Tensor
        self.register_buffer('depth_sign', torch.tensor(1.0))

    def forward(
        self,
        inputs: Tensor,
        visible: Tensor | None = None,
        data_samples: list[PoseDataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Losses, lifted poses or raw output for landmarks (N, P, 2), any unit.

        Args:
            inputs: (N, P, 2).
            visible: (N, P) bool; default all.
            data_samples: to be filled by ``mode='predict'``.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'``.
        """
        if visible is not None and bool(visible.all()):
            visible = None
        normalised = normalise_landmarks(inputs, visible)
        if mode == 'loss':
            return self.loss(normalised.landmarks, visible)
        if mode == 'predict':
            return self.predict(normalised, visible, data_samples)
        return self.network(normalised.landmarks, visible)

    def loss(self, landmarks: Tensor, visible: Tensor | None) -> dict[str, Tensor]:
        """The two terms of Eq. (4), and that of the bones."""
        output = self.network(landmarks, visible)
        reprojection, sparsity = teacher_loss(
            output, landmarks, visible, self.code_weight
        )
        losses = {'loss_reprojection': reprojection, 'loss_sparsity': sparsity}
        if self.bone_weight:
            variation = bone_length_variation(output.shape, self.links)
            losses['loss_bones'] = self.bone_weight * variation
        return losses

    @torch.no_grad()
    def predict(
        self,
        normalised: NormalisedLandmarks,
        visible: Tensor | None,
        data_samples: list[PoseDataSample] | None,
    ) -> list[PoseDataSample]:
        """Poses, codes and the codes of the mirrored image.

        Returns:
            samples whose ``pred_instances`` hold ``keypoints`` (1, P, 2) and
            ``keypoints_3d`` (1, P, 3) in the unit of the input, z relative to the
            centroid, ``code``, ``camera``, ``side``, ``centre``,
            ``reprojection_error``, ``code_flipped`` and ``camera_flipped``.
        """
        output = lift(self.network, normalised.landmarks, visible)
        fields = self._pose_fields(output, normalised)
        error = reprojection_error(output, normalised.landmarks, visible)
        fields['reprojection_error'] = error
        samples = data_samples or [PoseDataSample() for _ in error]
        flip_indices = samples[0].metainfo.get('flip_indices')
        if flip_indices is not None:
            mirrored = self._lift_mirrored(normalised.landmarks, visible, flip_indices)
            scale = dictionary_scale(self.network.dictionary)
            fields['code_flipped'] = mirrored.code * scale
            fields['camera_flipped'] = mirrored.camera
        MessageHub.get_current_instance().update_info(
            'nrsfm_teacher', self.export(), resumed=False
        )
        arrays = {name: value.cpu().numpy() for name, value in fields.items()}
        for i, sample in enumerate(samples):
            single = {name: value[i : i + 1] for name, value in arrays.items()}
            sample.pred_instances = InstanceData(**single)
        return samples

    @torch.no_grad()
    def lift_unsigned(self, inputs: Tensor, visible: Tensor) -> Tensor:
        """Poses (N, P, 3), camera frame, sides, as if the depth sign were +1."""
        normalised = normalise_landmarks(inputs, visible)
        output = lift(self.network, normalised.landmarks, visible)
        return to_camera_frame(output.shape, output.camera)

    @torch.no_grad()
    def export(self) -> dict[str, Any]:
        """Dictionary (P, 3, K) with unit RMS atoms, and the depth sign."""
        dictionary = self.network.dictionary
        scaled = dictionary / dictionary_scale(dictionary)
        return {
            'dictionary': scaled.float().cpu().numpy(),
            'depth_sign': int(self.depth_sign.item()),
        }

    def _pose_fields(
        self, output: NRSfMOutput, normalised: NormalisedLandmarks
    ) -> dict[str, Tensor]:
        side, centre = normalised.side, normalised.centre
        pose = to_camera_frame(output.shape, output.camera) * side[:, None, None]
        plane = pose[..., :2] + centre[:, None]
        depth = pose[..., 2:] * self.depth_sign
        return {
            'keypoints': plane,
            'keypoints_3d': torch.cat([plane, depth], dim=-1),
            'keypoint_scores': torch.ones_like(depth[..., 0]),
            'code': output.code * dictionary_scale(self.network.dictionary),
            'camera': output.camera,
            'side': side,
            'centre': centre,
        }

    def _lift_mirrored(
        self, landmarks: Tensor, visible: Tensor | None, flip_indices: Sequence[int]
    ) -> NRSfMOutput:
        swap = list(flip_indices)
        mirrored = landmarks[:, swap] * landmarks.new_tensor([-1.0, 1.0])
        return lift(
            self.network, mirrored, None if visible is None else visible[:, swap]
        )
