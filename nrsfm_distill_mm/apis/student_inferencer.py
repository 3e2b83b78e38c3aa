"""StudentInferencer: a student and the people that it sees in pictures."""

from collections.abc import Sequence
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmpose.apis.inferencers.base_mmpose_inferencer import BaseMMPoseInferencer
from mmpose.structures import PoseDataSample
from torch import nn

from nrsfm_distill_mm.apis.detection import PeopleFinder, dataset_of, objects_of
from nrsfm_distill_mm.apis.frames import FindPeople, Frame
from nrsfm_distill_mm.apis.given_people import by_source
from nrsfm_distill_mm.apis.people import merge_people, relative_to_root
from nrsfm_distill_mm.apis.person_boxes import people_with_boxes
from nrsfm_distill_mm.apis.person_landmarks import (
    check_given,
    people_with_landmarks,
)
from nrsfm_distill_mm.apis.sources import Source
from nrsfm_distill_mm.apis.student import build_student, load_config, read_checkpoint
from nrsfm_distill_mm.apis.tracking import Tracker


class StudentInferencer(BaseMMPoseInferencer):
    """A student with its test pipeline, visualizer, and finder of people.

    Args:
        model: config of the student or its path; None for the one in the checkpoint.
        weights: path of the checkpoint.
        device: where to compute; default the best there is.
        scope: of the registries.
        det_model: config or name of a detector of MMDetection, ``'whole_image'`` if
            every picture shows one person; default MMPose's detector of what the
            student was trained on, unless the caller gives ``bboxes``.
        det_weights: path of the detector's checkpoint.
        det_cat_ids: the detector's classes that count, default 0, or those of MMPose's.
        show_progress: shows a progress bar.

    Raises:
        FileNotFoundError: there is no such config or checkpoint.
        StudentCheckpointError: they are not those of a student, or not of one.
        DependencyError: a detector is named and MMDetection is not installed.
    """

    def __init__(
        self,
        model: Any = None,
        weights: str | Path | None = None,
        device: str | None = None,
        scope: str = 'mmpose',
        det_model: Any = None,
        det_weights: str | None = None,
        det_cat_ids: int | Sequence[int] | None = None,
        show_progress: bool = False,
    ) -> None:
        init_default_scope(scope)
        self._checkpoint = read_checkpoint(weights)
        config = load_config(model, self._checkpoint['meta'], str(weights))
        super().__init__(config, weights, device, scope, show_progress)
        del self._checkpoint
        self.visualizer.set_dataset_meta(self.model.dataset_meta)
        finder = det_model, det_weights, det_cat_ids, device
        self._find = PeopleFinder(*finder, objects_of(config))
        self._box_padding = getattr(dataset_of(config), 'box_padding', 1.0)
        self._tracker: Tracker | None = None

    def _init_collate(self, cfg: Any) -> Any:
        """The test loader's, if it has one, is for processes that share batches."""
        return pseudo_collate

    @torch.no_grad()
    def forward(self, inputs: Sequence[Frame]) -> list[PoseDataSample]:
        """The people of each frame; in videos they have identities."""
        crops = [crop for frame in inputs for crop in frame.crops]
        answers = iter(self.model.test_step(self.collate_fn(crops)) if crops else ())
        count = len(self.model.dataset_meta['keypoint_id2name'])
        root = self.model.head.root_index
        pictures = []
        for frame in inputs:
            people = list(islice(answers, len(frame.crops)))
            if self._tracker is not None:
                people = self._tracker.update(people)
            merged = merge_people(people, frame.name, count)
            found = merged.pred_instances
            found.keypoints_3d = relative_to_root(found.keypoints_3d, root)
            pictures.append(merged)
        return pictures

    def _people_finder(
        self,
        sources: Sequence[Source],
        bboxes: Any = None,
        keypoints: Any = None,
        **thresholds: float,
    ) -> FindPeople:
        """Who is there: landmarks or boxes that the caller gives, or a detector's.

        Raises:
            PersonBoxError, PersonLandmarksError: what is given cannot be used.
            DependencyError: people are to be found and MMDetection is not installed.
        """
        check_given(self.model.head, keypoints, bboxes)
        if keypoints is not None:
            given = by_source('keypoints', keypoints, sources)
            count = len(self.model.dataset_meta['keypoint_id2name'])
            return partial(people_with_landmarks, given, count, self._box_padding)
        if bboxes is None:
            self._find.prepare()
            find = partial(self._find, **thresholds)
        else:
            find = partial(self._find, given=by_source('bboxes', bboxes, sources))
        return lambda *frame: people_with_boxes(find(*frame))

    def _prepare(self, person: dict[str, Any]) -> Any:
        """A person's crop, by the test pipeline, which may want the metainfo."""
        return self.pipeline({**self.model.dataset_meta, **person})

    def _init_model(self, cfg: Config, weights: str, device: str) -> nn.Module:
        return build_student(cfg, self._checkpoint, weights).to(device)

    def _init_visualizer(self, cfg: Config) -> Any:
        """The project's own, whatever the config draws with."""
        root = cfg.get('visualizer', {}).get('root_index', 0)
        own = {'type': 'Pose3DCanvasVisualizer', 'root_index': root}
        return super()._init_visualizer(Config({'visualizer': own}))
