"""Boxes of people: from the caller, from a file, and from a detector."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.apis.inferencers import base_mmpose_inferencer

from nrsfm_distill_mm.apis import PersonBoxError
from nrsfm_distill_mm.apis.detection import PeopleFinder, objects_of
from nrsfm_distill_mm.apis.given_people import by_source, of_frame
from nrsfm_distill_mm.apis.person_boxes import checked_boxes
from nrsfm_distill_mm.apis.sources import Source

SIZE = (96, 128)
BOX = [4.0, 6.0, 40.0, 60.0]
A, B = Source('x/a.jpg', 'image'), Source('y/b.jpg', 'image')
FILM = Source('x/film.mp4', 'video')


def test_boxes_without_scores_are_certain():
    np.testing.assert_array_equal(checked_boxes('a', [BOX], SIZE), [[*BOX, 1]])
    np.testing.assert_array_equal(checked_boxes('a', BOX, SIZE), [[*BOX, 1]])
    scored = np.array([[*BOX, 0.5]], np.float32)
    np.testing.assert_array_equal(checked_boxes('a', scored, SIZE), scored)
    assert checked_boxes('a', [], SIZE).shape == (0, 5)


@pytest.mark.parametrize(
    ('boxes', 'message'),
    [
        ([BOX, [4, 6, 4, 60]], 'a.jpg: bboxes: box 1 has no area'),
        ([[40, 6, 4, 60]], 'has no area'),
        ([[4, 6, np.nan, 60]], 'box 0 is not finite'),
        ([[4, 6, np.inf, 60]], 'is not finite'),
        ([[200, 6, 240, 60]], 'outside the picture of 128 x 96 px'),
        ([[-40, 6, 0, 60]], 'outside the picture'),
        ([[4, 6, 40]], r'expected \(N, 4\) or \(N, 5\), got \(1, 3\)'),
        ([BOX, [1]], 'expected numbers'),
        ('people', 'expected numbers'),
    ],
)
def test_boxes_that_cannot_be_used(boxes, message):
    with pytest.raises(PersonBoxError, match=message):
        checked_boxes('a.jpg', boxes, SIZE)


def test_boxes_go_to_pictures_by_order_or_by_name(tmp_path):
    path = tmp_path / 'boxes.json'
    path.write_text(json.dumps({'b.jpg': [1], 'x/a.jpg': [2], 'a.jpg': [3]}))
    expected = {'x/a.jpg': [2], 'y/b.jpg': [1]}
    assert by_source('bboxes', str(path), [A, B]) == expected
    assert by_source('bboxes', [[2], [1]], [A, B]) == expected


def test_boxes_of_a_video_are_lists_by_frame():
    for given in ([[0], [1]], {'film.mp4': [[0], [1]]}):
        entries = by_source('bboxes', given, [FILM])
        assert [of_frame('bboxes', entries, FILM, i) for i in (0, 1)] == [[0], [1]]
    with pytest.raises(PersonBoxError, match='got 2, none for frame 2'):
        of_frame('bboxes', entries, FILM, 2)


def test_missing_entries_are_errors_and_not_nobody(tmp_path):
    with pytest.raises(PersonBoxError, match='one entry for each of 2 inputs, got 1'):
        by_source('bboxes', [[BOX]], [A, B])
    with pytest.raises(PersonBoxError, match='y/b.jpg: bboxes: no entry'):
        of_frame('bboxes', by_source('bboxes', {'a.jpg': [BOX]}, [A, B]), B, 0)
    for content in ('{', '7'):
        (tmp_path / 'boxes.json').write_text(content)
        with pytest.raises(PersonBoxError, match='boxes.json'):
            by_source('bboxes', tmp_path / 'boxes.json', [A])


def test_inputs_of_one_name_are_told_apart_or_refused(tmp_path):
    other = Source('y/a.jpg', 'image')
    by_path = {'x/a.jpg': [1], 'y/a.jpg': [2]}
    assert by_source('bboxes', by_path, [A, other]) == by_path
    assert by_source('bboxes', {'x/a.jpg': [1]}, [A, A]) == {'x/a.jpg': [1]}
    (tmp_path / 'a.json').write_text('[]')
    for given, sources in (
        ({'a.jpg': [1]}, [A, other]),
        ({'a.jpg': [1]}, [A, Source('a.jpg', 'image')]),
        ([[1], [2]], [A, A]),
        (tmp_path, [A, other]),
    ):
        with pytest.raises(
            PersonBoxError, match=r'told apart .* got ".*a\.j.*" 2 times'
        ):
            by_source('bboxes', given, sources)


def test_frames_of_a_video_are_a_list():
    entries = by_source('bboxes', {'film.mp4': {'0': [BOX]}}, [FILM])
    with pytest.raises(PersonBoxError, match='film.mp4: bboxes: expected a list of fr'):
        of_frame('bboxes', entries, FILM, 0)


class Detector:
    """Stands for MMDetection's inferencer, and finds four things."""

    def __init__(self, model, **kwargs):
        self.model, self.arguments = model, kwargs

    def __call__(self, image, return_datasamples):
        found = InstanceData(
            bboxes=np.float32([BOX, [5, 6, 41, 61], [60, 20, 90, 80], [9, 9, 9, 9]]),
            scores=np.float32([0.9, 0.8, 0.7, 0.95]),
            labels=np.array([0, 0, 16, 0]),
        )
        instances = SimpleNamespace(cpu=lambda: SimpleNamespace(numpy=lambda: found))
        return {'predictions': [SimpleNamespace(pred_instances=instances)]}


def test_a_detector_is_asked_as_mmpose_does(monkeypatch):
    monkeypatch.setattr(base_mmpose_inferencer, 'has_mmdet', True)
    monkeypatch.setattr(
        base_mmpose_inferencer, 'DetInferencer', Detector, raising=False
    )
    finder = PeopleFinder(None, None, 0, 'cpu', 'human')
    finder.prepare()
    image = np.zeros((*SIZE, 3), np.uint8)
    np.testing.assert_allclose(finder(A, 0, image), [[*BOX, 0.9]], rtol=1e-6)
    assert len(finder(A, 0, image, nms_thr=1.0)) == 2
    assert len(finder(A, 0, image, bbox_thr=0.92)) == 0
    cats = PeopleFinder(None, None, None, 'cpu', 'animal')
    cats.prepare()
    np.testing.assert_allclose(cats(A, 0, image)[:, :4], [[60, 20, 90, 80]])


@pytest.mark.parametrize(
    ('name', 'objects'),
    [
        ('AP10KDataset', 'animal'),
        ('OneHand10KDataset', 'hand'),
        ('CocoDataset', 'body'),
        ('Human36mDistillDataset', 'human'),
        (None, 'human'),
    ],
)
def test_what_is_looked_for_is_what_was_trained_on(name, objects):
    assert objects_of(Config({'dataset_type': name} if name else {})) == objects


def test_rtmdet_itself(tmp_path):
    """Of the full stack, with weights that put one size of box everywhere."""
    mmdet = pytest.importorskip('mmdet', reason='make full')
    from mmdet.registry import MODELS
    from mmdet.utils import register_all_modules

    register_all_modules()
    configs = Path(mmdet.__file__).parent / '.mim' / 'configs' / 'rtmdet'
    config = Config.fromfile(configs / 'rtmdet_tiny_8xb32-300e_coco.py')
    config.model.backbone.init_cfg = None
    model = MODELS.build(config.model)
    for values, bias in ((model.bbox_head.rtm_cls, 0.0), (model.bbox_head.rtm_reg, 2)):
        for layer in values:
            torch.nn.init.zeros_(layer.weight)
            torch.nn.init.constant_(layer.bias, bias)
    weights = tmp_path / 'rtmdet.pth'
    meta = {'dataset_meta': {'classes': ('person',) * 80, 'palette': 'random'}}
    torch.save({'state_dict': model.state_dict(), 'meta': meta}, weights)
    finder = PeopleFinder(config.filename, str(weights), 0, 'cpu', 'human')
    init_default_scope('mmpose')
    image = np.zeros((*SIZE, 3), np.uint8)
    boxes = finder(A, 0, image)
    np.testing.assert_allclose(boxes[:, 4], 0.5)
    assert (boxes[:, 2:4] > boxes[:, :2]).all()
    assert len(boxes) >= 1
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2:4] <= (128, 96)).all()
    assert len(finder(A, 0, image, bbox_thr=0.6)) == 0
