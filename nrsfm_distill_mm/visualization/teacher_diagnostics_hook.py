"""TeacherDiagnosticsHook: numbers and pictures to judge a teacher by, without 3D."""

from typing import Any, NamedTuple

import numpy as np
import torch
from mmengine.dist import broadcast_object_list, master_only
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS
from torch import Tensor

from nrsfm_distill_mm.geometry import (
    centre_points,
    mirror_depth,
    to_camera_frame,
)
from nrsfm_distill_mm.nrsfm import (
    NRSfMOutput,
    bone_length_variation,
    code_sparsity,
    evenly_spaced_rows,
    label_free_errors,
    random_angles,
    strongest_atoms,
    upright_camera,
)
from nrsfm_distill_mm.visualization.figures import render
from nrsfm_distill_mm.visualization.skeleton_style import style_of_metainfo
from nrsfm_distill_mm.visualization.teacher_figures import (
    atoms_figure,
    reconstructions_figure,
)
from nrsfm_distill_mm.visualization.views import Array


class _Samples(NamedTuple):
    """Rows of the dataset, what is seen of them, and the teacher's answer."""

    rows: Tensor
    landmarks: Tensor
    visible: Tensor
    output: NRSfMOutput


@HOOKS.register_module()
class TeacherDiagnosticsHook(Hook):
    """Adds ``teacher/...`` to the metrics of a validation, and draws two pictures.

    Every validation uses the same samples and draws. Of the metrics,
    ``teacher/label_free_error`` follows the true depth error best: the sum of the
    reprojection, re-lifting and mirroring errors, the last where landmarks have
    sides. ``CheckpointHook(save_best='teacher/label_free_error', rule='less')``
    monitors it.

    Args:
        num_samples: how many validation samples, at equal steps over the dataset.
        max_angle: of the turn between two liftings, degrees to either side.
        num_pictured: how many of the samples are drawn, and how many atoms; 0 draws
            nothing.
        seed: of the draws; the random state of the training is left alone.
    """

    # Before RuntimeInfoHook, which hands the metrics to logs and backends.
    priority = 'HIGHEST'

    def __init__(
        self,
        num_samples: int = 2048,
        max_angle: float = 90.0,
        num_pictured: int = 6,
        seed: int = 0,
    ) -> None:
        if num_samples < 1 or num_pictured < 0:
            raise ValueError(
                'num_samples, num_pictured: expected at least 1 and 0, '
                f'got {num_samples} and {num_pictured}'
            )
        self.num_samples = num_samples
        self.max_angle = max_angle
        self.num_pictured = num_pictured
        self.seed = seed

    @torch.no_grad()
    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Add to the metrics, and draw."""
        model = runner.model.module if is_model_wrapper(runner.model) else runner.model
        dataset = runner.val_dataloader.dataset
        if not hasattr(dataset, 'landmarks'):
            raise TypeError(
                'TeacherDiagnosticsHook: expected a LandmarkBatchDataset in '
                f'val_dataloader, got {type(dataset).__name__}'
            )
        samples = self._lift(model, dataset)
        if metrics is not None:
            found = self.measure(model, samples, dataset.metainfo)
            shared = [{f'teacher/{k}': float(v) for k, v in found.items()}]
            broadcast_object_list(shared)  # all processes stop early, or none
            metrics.update(shared[0])
        if self.num_pictured:
            self._draw(runner, model, samples)

    def _lift(self, model: Any, dataset: Any) -> _Samples:
        rows = evenly_spaced_rows(len(dataset.landmarks), self.num_samples)
        device = model.depth_sign.device
        visible = dataset.visible[rows].to(device)
        landmarks = dataset.landmarks[rows].to(device)
        output, seen, believed = model.infer(landmarks, visible)
        visible = visible if believed is None else believed
        return _Samples(rows, seen.landmarks, visible, output)

    def measure(
        self, model: Any, samples: _Samples, metainfo: dict[str, Any]
    ) -> dict[str, Tensor]:
        """The criteria, means over the samples."""
        _, landmarks, visible, output = samples
        generator = torch.Generator().manual_seed(self.seed)
        angles = random_angles(len(landmarks), self.max_angle, generator)
        network, swap = model.network, metainfo['flip_indices']
        means = label_free_errors(
            network, output, landmarks, visible, swap, angles.to(landmarks)
        )
        means['code_sparsity'] = code_sparsity(output.code).mean()
        if len(model.links):
            means['bone_length_variation'] = bone_length_variation(
                output.shape, model.links
            )
        return means

    @master_only
    def _draw(self, runner: Runner, model: Any, samples: _Samples) -> None:
        style = style_of_metainfo(runner.val_dataloader.dataset.metainfo)
        chosen = evenly_spaced_rows(len(samples.rows), self.num_pictured)
        visible, output = samples.visible[chosen], samples.output
        reprojected = output.reproject()[chosen]
        # Landmarks are relative to the mean of those that are seen.
        _, offset = centre_points(reprojected, visible)
        seen = samples.landmarks[chosen].masked_fill(~visible[..., None], torch.nan)
        poses = to_camera_frame(output.shape, output.camera)[chosen]
        strip = reconstructions_figure(
            seen.cpu().numpy(),
            (reprojected - offset[:, None]).cpu().numpy(),
            _signed(poses, model.depth_sign),
            style,
            [f'#{row}' for row in samples.rows[chosen].tolist()],
        )
        dictionary = model.network.dictionary
        atoms, shapes = strongest_atoms(output.code, dictionary, self.num_pictured)
        upright = to_camera_frame(shapes, upright_camera(shapes[0], output.camera))
        mean, *moved = _signed(upright, model.depth_sign)
        names = [f'atom {k}' for k in atoms.tolist()]
        table = atoms_figure(mean, np.stack(moved), style, names)
        for name, figure in (('reconstructions', strip), ('atoms', table)):
            runner.visualizer.add_image(f'teacher_{name}', render(figure), runner.iter)


def _signed(poses: Tensor, depth_sign: Tensor) -> Array:
    """Poses (N, P, 3) under the teacher's depth sign."""
    return (poses if depth_sign > 0 else mirror_depth(poses)).cpu().numpy()
