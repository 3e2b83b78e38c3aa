"""People found by MMDetection, if it is installed."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from mmengine.config import Config
from mmpose.apis.inferencers import base_mmpose_inferencer
from mmpose.apis.inferencers.utils import default_det_models
from mmpose.evaluation.functional import nms
from mmpose.registry import DATASETS

from nrsfm_distill_mm._compat import DependencyError
from nrsfm_distill_mm.apis.given_people import frame_name, of_frame
from nrsfm_distill_mm.apis.person_boxes import (
    Boxes,
    checked_boxes,
    usable_boxes,
    whole_image,
)
from nrsfm_distill_mm.apis.sources import Image, Source


def dataset_of(config: Config) -> type | None:
    """The kind of dataset that a model was trained on, if its config says."""
    name = config.get('dataset_type')
    return DATASETS.get(name) if name else None


def objects_of(config: Config) -> str:
    """What a model was trained on, as of `PersonDetector`; people if nothing says."""
    group = getattr(dataset_of(config), '__module__', '')
    group = group.split('datasets.')[-1].split('.')[0]
    return group if group in default_det_models else 'human'


class PersonDetector:
    """A detector of MMDetection; without a name, MMPose's own (RTMDet).

    Args:
        model: config path or name in MMDetection's model zoo.
        weights: path of the checkpoint; the zoo's if there is a name alone.
        categories: indices of the classes that count; default those of MMPose's own
            detector, 0 of another one.
        device: where it runs.
        objects: what it finds, as MMPose's datasets are grouped: ``'human'``,
            ``'animal'``, ``'face'`` or ``'hand'``; without a name.

    Raises:
        DependencyError: MMDetection is not installed.
    """

    def __init__(
        self,
        model: Any = None,
        weights: str | None = None,
        categories: int | Sequence[int] | None = None,
        device: str | None = None,
        objects: str = 'human',
    ) -> None:
        if not base_mmpose_inferencer.has_mmdet:
            raise DependencyError(
                'det_model: people are found by MMDetection, which is not installed; '
                "type: make full. Or give bboxes, or det_model='whole_image' for "
                'pictures of one person each'
            )
        if model is None:
            known = default_det_models[objects]
            model, weights = known['model'], weights or known['weights']
            categories = known['cat_ids'] if categories is None else categories
        self.categories = np.atleast_1d(0 if categories is None else categories)
        self.infer = base_mmpose_inferencer.DetInferencer(
            model=model,
            weights=weights,
            device=device,
            scope='mmdet',
            show_progress=False,
        )

    def __call__(self, image: Image, bbox_thr: float, nms_thr: float) -> Boxes:
        """Boxes (N, 5) of the people in a picture (H, W, 3), BGR.

        Args:
            image: the picture.
            bbox_thr: least score.
            nms_thr: of two boxes with more overlap than this the better one stays.
        """
        answer = self.infer(image, return_datasamples=True)['predictions'][0]
        found = answer.pred_instances.cpu().numpy()
        boxes = np.concatenate([found.bboxes, found.scores[:, None]], axis=1)
        wanted = np.isin(found.labels, self.categories) & (found.scores > bbox_thr)
        boxes = usable_boxes(boxes[wanted], image.shape[:2])
        return boxes[nms(boxes, nms_thr)]


class PeopleFinder:
    """Boxes that the caller gives, else a detector's, else the whole picture.

    Args:
        det_model: the detector; ``'whole_image'`` for none, None for MMPose's own,
            which is built when it is first needed.
        det_weights, det_cat_ids, device, objects: as of `PersonDetector`.

    Raises:
        DependencyError: a detector is named and MMDetection is not installed.
    """

    def __init__(
        self,
        det_model: Any,
        det_weights: str | None,
        det_cat_ids: int | Sequence[int] | None,
        device: str | None,
        objects: str,
    ) -> None:
        self.whole = det_model in ('whole_image', 'whole-image')
        self._arguments = (det_model, det_weights, det_cat_ids, device, objects)
        self._detector: PersonDetector | None = None
        if det_model is not None:
            self.prepare()

    def prepare(self) -> None:
        """Make sure that people can be found where no boxes are given."""
        if not self.whole and self._detector is None:
            self._detector = PersonDetector(*self._arguments)

    def __call__(
        self,
        source: Source,
        index: int,
        image: Image,
        given: Mapping[str, Any] | None = None,
        bbox_thr: float = 0.3,
        nms_thr: float = 0.3,
    ) -> Boxes:
        """Boxes (N, 5) in a picture, or in frame ``index`` of a video.

        Raises:
            PersonBoxError: the given boxes cannot be used, or there are none.
        """
        size = image.shape[:2]
        if given is not None:
            boxes = of_frame('bboxes', given, source, index)
            return checked_boxes(frame_name(source, index), boxes, size)
        if self._detector is None:
            return whole_image(size)
        return self._detector(image, bbox_thr, nms_thr)
