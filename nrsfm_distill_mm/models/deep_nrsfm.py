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
    centre_points,
    check_weights,
    mirror_depth,
    normalise_landmarks,
    to_camera_frame,
)
from nrsfm_distill_mm.nrsfm import (
    DeepNRSfMNetwork,
    LimbExchange,
    NRSfMOutput,
    bone_length_variation,
    dictionary_scale,
    fill_hidden,
    lift,
    lift_mirrored,
    plausible_landmarks,
    poses_in_image,
    reprojection_error,
    teacher_loss,
    unit_dictionary,
)


@MODELS.register_module()
class DeepNRSfM(BaseModel):
    """Teacher of Wang et al. 2019, trained on 2D landmarks alone.

    Its buffer ``depth_sign`` is the stored reflection; predictions obey it.

    Args:
        metainfo: of the P landmarks, as MMPose's datasets take it or have parsed it.
        code_sizes, init_std, perspective: as of ``DeepNRSfMNetwork``.
        code_weight: weight of l1(phi_1) in training (Eq. 4).
        bone_weight: weight of the variation of the bones' proportions in a batch.
        limb_weight: of the error on unseen poses, ``mirror_share`` of them mirrored.
        outlier_distance: landmarks farther from where the others let expect them, see
            ``plausible_landmarks``, count as hidden; ``teacher_loss`` is then robust.
    """

    def __init__(  # noqa: PLR0913, PLR0917
        self,
        metainfo: dict[str, Any],
        code_sizes: Sequence[int] = (256, 128, 64, 32, 16, 8),
        init_std: float | None = None,
        perspective: bool = False,
        code_weight: float = 0.0,
        bone_weight: float = 0.0,
        limb_weight: float = 0.0,
        mirror_share: float = 0.0,
        outlier_distance: float | None = None,
        data_preprocessor: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data_preprocessor)
        check_weights(code_weight=code_weight, bone_weight=bone_weight)
        check_weights(limb_weight=limb_weight)
        own = metainfo if 'num_keypoints' in metainfo else parse_pose_metainfo(metainfo)
        count, links = own['num_keypoints'], own['skeleton_links']
        limbs, swap = links if limb_weight else (), own['flip_indices']
        self.network = DeepNRSfMNetwork(count, code_sizes, init_std, perspective)
        self.code_weight, self.limb_weight = code_weight, limb_weight
        self.bone_weight = bone_weight if links else 0.0
        self.limb_exchange = LimbExchange(limbs, count, swap, mirror_share)
        self.outlier_distance = outlier_distance
        self.links: Tensor
        self.depth_sign: Tensor
        self.register_buffer('links', torch.tensor(links), persistent=False)
        self.register_buffer('depth_sign', torch.tensor(1.0))

    def forward(
        self,
        inputs: Tensor,
        visible: Tensor | None = None,
        data_samples: list[PoseDataSample] | None = None,
        mode: str = 'tensor',
    ) -> Any:
        """Losses, lifted poses or raw output.

        Args:
            inputs: landmarks (N, P, 2), any unit.
            visible: (N, P) bool; default all.
            data_samples: to be filled by ``mode='predict'``.
            mode: ``'loss'``, ``'predict'`` or ``'tensor'``.
        """
        with torch.autocast(inputs.device.type, enabled=False):  # no half determinants
            if mode == 'loss':
                normalised, visible = self._normalise(inputs, visible)
                return self.loss(normalised.landmarks, visible)
            found = self.infer(inputs, visible)
            return self.predict(*found, data_samples) if mode == 'predict' else found[0]

    def _normalise(
        self, inputs: Tensor, visible: Tensor | None
    ) -> tuple[NormalisedLandmarks, Tensor | None]:
        """Landmarks in sides; which of them are to be believed, None if all."""
        inputs = inputs.to(self.network.first_dictionary.dtype)
        distance, expected = self.outlier_distance, self.network.landmark_distribution
        if distance is not None:
            visible = plausible_landmarks(inputs, visible, expected, distance)
        visible = None if visible is None or bool(visible.all()) else visible
        return normalise_landmarks(inputs, visible), visible

    def loss(self, landmarks: Tensor, visible: Tensor | None) -> dict[str, Tensor]:
        """The two terms of Eq. (4), and those of the bones and the limbs."""
        if visible is not None:
            # What is filled in takes part in no term but as input.
            landmarks = fill_hidden(self.network, landmarks, visible)
        output, limb_error = self.limb_exchange(self.network, landmarks, visible)
        if visible is not None:
            landmarks, _ = centre_points(landmarks, visible)
        robust = self.outlier_distance is not None
        terms = teacher_loss(output, landmarks, visible, self.code_weight, robust)
        losses = dict(zip(('loss_reprojection', 'loss_sparsity'), terms, strict=True))
        if self.bone_weight:
            variation = bone_length_variation(output.shape, self.links)
            losses['loss_bones'] = self.bone_weight * variation
        if self.limb_exchange.can_exchange:
            losses['loss_limbs'] = self.limb_weight * limb_error
        return losses

    @torch.no_grad()
    def predict(
        self,
        output: NRSfMOutput,
        normalised: NormalisedLandmarks,
        visible: Tensor | None,
        data_samples: list[PoseDataSample] | None,
    ) -> list[PoseDataSample]:
        """Samples with poses, codes and the codes of the mirrored image.

        ``keypoints`` (1, P, 2) are reprojected, ``keypoints_3d`` (1, P, 3) in the input
        unit, z relative to the centroid.
        """
        seen = normalised.landmarks
        shown = seen.new_ones(seen.shape[:2]) if visible is None else visible.float()
        keypoints, poses = poses_in_image(output, normalised, visible)
        scale = dictionary_scale(self.network.dictionary)
        fields = {
            'keypoints': keypoints,
            'keypoints_3d': poses if self.depth_sign > 0 else mirror_depth(poses),
            'keypoint_scores': torch.ones_like(shown),
            'code': output.code * scale,
            'camera': output.camera,
            'side': normalised.side,
            'centre': normalised.centre,
            'visible': shown,
            'reprojection_error': reprojection_error(output, seen, visible),
        }
        samples = data_samples or [PoseDataSample() for _ in seen]
        flip_indices = samples[0].metainfo.get('flip_indices') if samples else None
        if flip_indices is not None:
            code, camera, *_ = lift_mirrored(self.network, seen, flip_indices, visible)
            fields |= {'code_flipped': code * scale, 'camera_flipped': camera}
        hub = MessageHub.get_current_instance()
        hub.update_info('nrsfm_teacher', self.export(), resumed=False)
        arrays = {name: value.cpu().numpy() for name, value in fields.items()}
        for i, sample in enumerate(samples):
            sample.pred_instances = instances = InstanceData()
            # The constructor would compare each field's length with all others.
            for name, value in arrays.items():
                instances.set_field(value[i : i + 1], name)
        return samples

    @torch.no_grad()
    def infer(
        self, inputs: Tensor, visible: Tensor | None = None
    ) -> tuple[NRSfMOutput, NormalisedLandmarks, Tensor | None]:
        """Answer for landmarks (N, P, 2) without sign, what was seen, what believed."""
        seen, shown = self._normalise(inputs, visible)
        return lift(self.network, seen.landmarks, shown), seen, shown

    def lift_unsigned(self, inputs: Tensor, visible: Tensor | None = None) -> Tensor:
        """Poses (N, P, 3), camera frame, sides, as if the depth sign were +1."""
        output, _, _ = self.infer(inputs, visible)
        return to_camera_frame(output.shape, output.camera)

    @torch.no_grad()
    def export(self) -> dict[str, Any]:
        """Dictionary (P, 3, K) of unit RMS atoms, depth sign, inverse distance or 0."""
        # On the CPU: to the last digit the same wherever the teacher is.
        atoms = unit_dictionary(self.network.first_dictionary.cpu()).float().numpy()
        sign = 1 if self.depth_sign > 0 else -1  # averages of models have others
        distance = float(self.network.inverse_distance or 0)
        return {'dictionary': atoms, 'depth_sign': sign, 'inverse_distance': distance}
