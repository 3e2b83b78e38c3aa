"""Landmarks of people: from the caller, and from files of MMPose's inferencers."""

import json

import cv2
import numpy as np
import pytest
import torch
from layouts import REPO, WORM
from mmengine.config import Config
from tiny_student import ROOT, lifting_config, picture, save_student, write_video

from nrsfm_distill_mm.apis import (
    ImagePose3DInferencer,
    InferenceInputError,
    PersonBoxError,
    PersonLandmarksError,
)
from nrsfm_distill_mm.apis.detection import dataset_of
from nrsfm_distill_mm.apis.given_people import by_source
from nrsfm_distill_mm.apis.person_landmarks import people_with_landmarks
from nrsfm_distill_mm.apis.sources import Source

A, FILM = Source('x/a.jpg', 'image'), Source('x/film.mp4', 'video')
POINTS = np.float32(
    [[30, 20], [40, 30], [50, 25], [60, 50], [70, 55], [65, 70], [35, 60]]
)


def found(entry, source=A, index=0, count=7, padding=1.0):
    image = picture(height=96, width=128)
    return people_with_landmarks(
        {source.name: entry}, count, padding, source, index, image
    )


@pytest.fixture
def lifter(tmp_path) -> ImagePose3DInferencer:
    weights = save_student(tmp_path / 'lifter', WORM, lifting_config())
    return ImagePose3DInferencer(weights=weights)


def test_x_and_y_are_those_given(lifter):
    moved = POINTS + [9, 3]
    ((first, second),) = next(lifter(picture(), keypoints=[[POINTS, moved]]))[
        'predictions'
    ]
    np.testing.assert_allclose(first['keypoints'], POINTS, atol=1e-3)
    np.testing.assert_allclose(second['keypoints'], moved, atol=1e-3)
    pose = np.array(first['keypoints_3d'])
    np.testing.assert_allclose(pose[:, :2], POINTS - POINTS[ROOT], atol=1e-3)
    assert np.ptp(pose[:, 2]) > 0


def test_landmarks_that_are_not_given_score_0(lifter):
    lost = POINTS.copy()
    lost[5] = np.nan
    ((person,),) = next(lifter(picture(), keypoints=[[lost]]))['predictions']
    assert person['keypoint_scores'] == [1, 1, 1, 1, 1, 0, 1]
    np.testing.assert_allclose(person['keypoints'][5], POINTS[4], atol=1e-3)


def test_how_far_the_camera_is_was_learnt_in_training(tmp_path):
    config = lifting_config()
    config.model.head.depth_loss = {
        'type': 'TeacherDepthLoss',
        'codes_file': 'not_here.safetensors',
        'links': [(0, 1), (1, 2)],
        'bone_weight': 1.0,
        'perspective': True,
    }
    weights = save_student(tmp_path, WORM, config)
    content = torch.load(weights, weights_only=False)
    content['state_dict']['head.depth_loss_module.inverse_distance'].fill_(0.25)
    torch.save(content, weights)
    made = ImagePose3DInferencer(weights=weights)
    assert made.model.head.inverse_distance == 0.25
    ((person,),) = next(made(picture(), keypoints=[[POINTS]]))['predictions']
    np.testing.assert_allclose(person['keypoints'], POINTS, atol=1e-3)
    plane = np.array(person['keypoints_3d'])[:, :2]
    assert np.abs(plane - (POINTS - POINTS[ROOT])).max() > 1, 'as from afar'


def test_what_mmpose_has_predicted_is_read(lifter, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), picture())
    film = write_video(tmp_path / 'film.mp4', frames=2)
    person = {
        'keypoints': POINTS.tolist(),
        'keypoint_scores': [0.9] * 7,
        'bbox': [[20.0, 10.0, 80.0, 80.0]],
        'bbox_score': 0.8,
    }
    folder = tmp_path / 'predictions'
    folder.mkdir()
    (folder / 'a.json').write_text(json.dumps([person]))
    frames = [{'frame_id': i, 'instances': [person] * i} for i in range(2)]
    (folder / 'film.json').write_text(json.dumps(frames))
    inputs = [str(tmp_path / 'a.png'), film]
    counts = [
        len(people)
        for result in lifter(inputs, keypoints=str(folder))
        for people in result['predictions']
    ]
    assert counts == [1, 0, 1]


@pytest.mark.parametrize('given', ['predictions', 'predictions/a.json'])
def test_what_is_read_is_not_overwritten(lifter, tmp_path, given):
    image, file = tmp_path / 'a.png', tmp_path / 'predictions' / 'a.json'
    cv2.imwrite(str(image), picture())
    file.parent.mkdir()
    file.write_text(json.dumps([{'keypoints': POINTS.tolist()}]))
    before = file.read_bytes()
    call = lifter(str(image), keypoints=str(tmp_path / given), out_dir=str(tmp_path))
    with pytest.raises(InferenceInputError, match=r'a\.png: .*overwrite an input'):
        list(call)
    assert file.read_bytes() == before


def test_a_box_that_is_empty_is_that_of_the_landmarks():
    for nothing in ([], [[]], None):
        (person,) = found([{'keypoints': POINTS, 'bbox': nothing}])
        np.testing.assert_array_equal(person['bbox'], found([POINTS])[0]['bbox'])


def test_what_mmposes_demos_write_is_read():
    frames = [{'frame_id': i, 'instances': [POINTS] * i} for i in range(2)]
    written = {'meta_info': {}, 'instance_info': frames}
    assert by_source('keypoints', written, [FILM]) == {FILM.name: frames}
    with pytest.raises(PersonLandmarksError, match='by file name for 2 inputs'):
        by_source('keypoints', written, [A, FILM])
    with pytest.raises(PersonLandmarksError, match='keypoints: expected a list, got 5'):
        by_source('keypoints', 5, [A])


def test_landmarks_that_are_not_seen_are_not_read():
    scores = np.array([1, 0, 1, 1, 1, 1, 1])[:, None]
    lost = np.where(scores, POINTS, np.nan)
    (by_score,) = found([np.concatenate([POINTS, scores], axis=1)])
    (by_nan,) = found([lost])
    for person in (by_score, by_nan):
        assert person['keypoints_visible'].tolist() == [[1, 0, 1, 1, 1, 1, 1]]
        np.testing.assert_array_equal(person['bbox'], [[30, 20, 70, 70]])
        assert np.isfinite(person['keypoints']).all()


def test_of_videos_each_frame_has_its_own():
    entry = [[POINTS], {'frame_id': 1, 'instances': []}]
    assert [len(found(entry, FILM, i)) for i in (0, 1)] == [1, 0]
    with pytest.raises(PersonLandmarksError, match='got 2, none for frame 2'):
        found(entry, FILM, 2)


@pytest.mark.parametrize(
    ('entry', 'message'),
    [
        ([POINTS[:5]], r'person 0: expected 7 landmarks of x and y.*got \(5, 2\)'),
        ([POINTS, POINTS[:, :1]], 'person 1: expected 7 landmarks'),
        (7, 'expected a list of people, got 7'),
        ({'keypoints': POINTS}, 'expected a list of people, got {'),
        ([{'keypoint_scores': [1] * 7}], 'expected numbers: KeyError'),
        ([{'keypoints': POINTS, 'keypoint_scores': [1]}], r'and \(1,\)'),
        (['somebody'], 'expected numbers'),
    ],
)
def test_landmarks_that_cannot_be_used(entry, message):
    with pytest.raises(PersonLandmarksError, match=f'x/a.jpg: keypoints: .*{message}'):
        found(entry)


def test_a_box_about_landmarks_is_as_large_as_those_of_the_dataset():
    given = {'keypoints': POINTS, 'bbox': [9, 9, 50, 60]}
    own, padded, known = (
        found([person], padding=padding)[0]['bbox'][0]
        for person, padding in ((POINTS, 1.0), (POINTS, 1.2), (given, 1.2))
    )
    np.testing.assert_allclose(padded, own + [-4, -5, 4, 5], rtol=1e-5)
    np.testing.assert_array_equal(known, given['bbox'])


@pytest.mark.parametrize(
    ('name', 'padding'),
    [('distill-strips_synthetic', 1.2), ('distill-strips_keypoint-array', 1.0)],
)
def test_boxes_are_those_of_the_students_dataset(name, padding):
    (path,) = (REPO / 'configs' / 'student').glob(f'{name}-*.py')
    dataset = dataset_of(Config.fromfile(path))
    assert getattr(dataset, 'box_padding', 1.0) == padding


def test_a_box_that_is_none_is_refused():
    with pytest.raises(PersonBoxError, match='person 0: bbox: expected 4 numbers, got'):
        found([{'keypoints': POINTS, 'bbox': [1, 2, 3]}])


@pytest.mark.parametrize(
    ('person', 'message'),
    [
        (POINTS * np.nan, 'expected a visible landmark, got none'),
        (POINTS * 0, 'expected a bbox, or visible landmarks that span'),
        (POINTS + 500, 'outside the picture of 128 x 96 px'),
        ({'keypoints': POINTS, 'bbox': [[9, 9, 5, 5]]}, 'has no area'),
    ],
)
def test_who_cannot_be_seen_is_left_out(person, message):
    with pytest.warns(UserWarning, match=f'left out: .*: person 1.*{message}'):
        first, second = found([POINTS, person, POINTS + 5])
    np.testing.assert_array_equal(second['keypoints'], first['keypoints'] + 5)


def test_a_student_that_is_given_landmarks_needs_them(lifter, inferencer):
    with pytest.raises(PersonLandmarksError, match='LandmarkLifting3DHead does not'):
        next(lifter(picture()))
    with pytest.raises(PersonLandmarksError, match='finds them itself; give bboxes'):
        next(inferencer(picture(), keypoints=[[POINTS]]))
    with pytest.raises(PersonLandmarksError, match='bboxes: expected none beside'):
        next(lifter(picture(), keypoints=[[POINTS]], bboxes=[[[4, 6, 40, 60]]]))
    with pytest.raises(PersonLandmarksError, match='keypoints: cannot read nowhere'):
        next(lifter(picture(), keypoints='nowhere.json'))
