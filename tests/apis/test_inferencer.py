"""ImagePose3DInferencer: what goes in, what comes out, and what is refused."""

import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from layouts import BUG, WORM, WORM_SWAP
from mmengine.config import Config
from mmpose.apis.inferencers import Pose2DInferencer, base_mmpose_inferencer
from mmpose.registry import DATASETS, INFERENCERS
from tiny_student import ROOT, picture, save_student, student_config, write_video

from nrsfm_distill_mm._compat import DependencyError
from nrsfm_distill_mm.apis import (
    DisplayError,
    FailedInputsError,
    ImagePose3DInferencer,
    InferenceInputError,
    NoPersonWarning,
    PersonBoxError,
    StudentCheckpointError,
    UnreadableInputError,
    VideoWriterError,
    results,
)
from nrsfm_distill_mm.apis.outputs import Outputs
from nrsfm_distill_mm.apis.sources import list_sources
from nrsfm_distill_mm.geometry import ValueRangeError

CONFIGS = Path(__file__).parents[2] / 'configs'
STUDENTS = sorted((CONFIGS / 'student').glob('*.py'))
HUMAN36M = {'from_file': 'configs/_base_/datasets/h36m.py'}
BOXES = [[4, 6, 40, 60], [60, 20, 100, 80]]


def people(inferencer, inputs, **kwargs):
    """All people of all pictures of a call."""
    return [p for r in inferencer(inputs, **kwargs) for p in r['predictions']]


def landmarks(found, name='keypoints'):
    return np.array([[person[name] for person in frame] for frame in found])


def frames_of(path):
    capture = cv2.VideoCapture(str(path))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1])
    return frames


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob('*') if p.is_file())


def test_it_is_registered():
    assert INFERENCERS.get('ImagePose3DInferencer') is ImagePose3DInferencer


def test_the_same_person_elsewhere_has_the_same_3d(inferencer):
    image = np.full((120, 200, 3), 120, np.uint8)
    image[10:74, 10:58] = image[40:104, 120:168] = picture(3, 64, 48)
    boxes = np.float32([[10, 10, 58, 74], [120, 40, 168, 104]])
    (found,) = people(inferencer, image, bboxes=[boxes])
    first, second = (np.array(p['keypoints']) for p in found)
    np.testing.assert_allclose(second - first, [[110, 30]] * 7, atol=2)
    first, second = (np.array(p['keypoints_3d']) for p in found)
    np.testing.assert_allclose(first, second, atol=2)
    assert np.ptp(first, axis=0).min() > 1, 'an answer that says something'


def test_3d_is_relative_to_the_root_in_pixels_of_the_picture(inferencer):
    image = picture()
    (small,) = people(inferencer, image)
    (large,) = people(inferencer, cv2.resize(image, None, fx=3, fy=3))
    pose = np.array(small[0]['keypoints_3d'])
    plane = np.array(small[0]['keypoints'])
    assert pose[ROOT].tolist() == [0, 0, 0]
    np.testing.assert_allclose(pose[:, :2], plane - plane[ROOT], atol=1e-4)
    scaled = np.array(large[0]['keypoints_3d'])  # resized, the crop is not the same
    np.testing.assert_allclose(scaled, 3 * pose, atol=0.1 * np.ptp(3 * pose))


def test_predictions_are_mmposes_and_keypoints_3d(inferencer, weights, tmp_path):
    config = Config.fromfile(Path(weights).with_suffix('.py'))
    stock = Pose2DInferencer(config, weights, 'cpu', det_model='whole_image')
    cv2.imwrite(str(tmp_path / 'a.png'), picture())
    for name, made in (('ours', inferencer), ('theirs', stock)):
        list(made(str(tmp_path / 'a.png'), out_dir=str(tmp_path / name)))
    ours, theirs = (
        json.loads((tmp_path / name / 'predictions/a.json').read_text())
        for name in ('ours', 'theirs')
    )
    for person in ours:
        assert np.shape(person.pop('keypoints_3d')) == (7, 3)
    assert ours == theirs
    assert files(tmp_path / 'ours') == files(tmp_path / 'theirs')


@pytest.mark.parametrize('name', ['distill', 'distill-local'])
def test_the_students_of_the_demo_see_a_picture(tmp_path, name):
    """In our inferencer and in MMPose's, from their configs as they are."""
    config = Config.fromfile(CONFIGS / 'demo' / f'{name}.py')
    weights = save_student(tmp_path, HUMAN36M, config)
    ours = ImagePose3DInferencer(weights=weights, det_model='whole_image')
    theirs = Pose2DInferencer(config, weights, 'cpu', det_model='whole_image')
    found, stock = people(ours, picture()), people(theirs, picture())
    assert landmarks(found, 'keypoints_3d').shape == (1, 1, 17, 3)
    np.testing.assert_array_equal(landmarks(found), landmarks(stock))


def test_a_collate_function_in_the_config_is_for_its_loader(weights, tmp_path):
    config = Config.fromfile(Path(weights).with_suffix('.py'))
    config.test_dataloader.collate_fn = {'type': 'pseudo_collate'}
    made = ImagePose3DInferencer(config, weights, det_model='whole_image')
    assert len(people(made, picture())) == 1


@pytest.mark.parametrize('file', STUDENTS, ids=lambda file: file.stem)
def test_mmposes_inferencers_find_what_they_read_in_all_students(file):
    config = Config.fromfile(file)
    assert config.data_mode == 'topdown'
    assert DATASETS.get(config.dataset_type) is not None
    collate = config.test_dataloader.get('collate_fn', 'pseudo_collate')
    assert isinstance(collate, str), 'what MMEngine looks up by its name'


def test_every_way_to_name_pictures_gives_the_same(inferencer, pictures):
    paths = [str(pictures / f'{name}.png') for name in 'abc']
    expected = people(inferencer, [cv2.imread(path) for path in paths])
    assert len(expected) == 3
    for inputs in (paths, str(pictures), pictures, str(pictures / '*.png')):
        assert people(inferencer, inputs) == expected
    assert people(inferencer, paths[0]) == expected[:1]


def test_batches_change_nothing_but_how_results_come(inferencer, pictures):
    results_ = list(inferencer(str(pictures), batch_size=2, return_vis=True))
    assert [len(r['predictions']) for r in results_] == [2, 1]
    assert [len(r['visualization']) for r in results_] == [2, 1]
    batched = landmarks([p for r in results_ for p in r['predictions']])
    single = landmarks(people(inferencer, str(pictures)))
    np.testing.assert_allclose(batched, single, atol=1e-3)


def test_the_config_is_in_the_checkpoint(inferencer, weights):
    config = str(Path(weights).with_suffix('.py'))
    other = ImagePose3DInferencer(config, weights, 'cpu', det_model='whole_image')
    assert people(other, picture()) == people(inferencer, picture())


def test_with_flip_test_a_mirrored_picture_has_the_mirrored_answer(weights):
    averaged = ImagePose3DInferencer(weights=weights, det_model='whole_image')
    averaged.model.test_cfg = {'flip_test': True}
    image = picture()
    box = np.array([34.0, 8, 94, 88])
    # Of 75 px, 48 wide: the middle of a crop lies between two of its pixels.
    other = 127 - box[[2, 1, 0, 3]] + [75 / 48, 0, 75 / 48, 0]
    other[[1, 3]] = box[[1, 3]]
    plain, mirrored = (
        np.array(people(averaged, x, bboxes=[[b]])[0][0]['keypoints'])
        for x, b in ((image, box), (image[:, ::-1].copy(), other))
    )
    expected = np.array([127, 0]) + mirrored[WORM_SWAP] * [-1, 1]
    np.testing.assert_allclose(plain, expected, atol=0.5)


def test_data_samples_come_if_asked_for(inferencer):
    (result,) = inferencer(picture(), return_datasamples=True)
    instances = result['predictions'][0].pred_instances
    assert instances.keypoints.shape == (1, 7, 2)
    assert instances.keypoints_3d.shape == (1, 7, 3)


def test_a_video_gives_a_video_and_one_file_of_frames(inferencer, video, tmp_path):
    out = tmp_path / 'out'
    found = people(inferencer, video, out_dir=str(out), batch_size=3)
    assert files(out) == ['predictions/film.json', 'visualizations/film.mp4']
    written = json.loads((out / 'predictions/film.json').read_text())
    assert [frame['frame_id'] for frame in written] == [0, 1, 2, 3]
    assert [frame['instances'] for frame in written] == json.loads(json.dumps(found))
    frames = frames_of(out / 'visualizations/film.mp4')
    assert len(frames) == 4
    assert len({frame.shape for frame in frames}) == 1


def test_a_video_is_its_frames(inferencer, video):
    found = people(inferencer, video)
    assert landmarks(found).tolist() == (
        landmarks(people(inferencer, frames_of(video))).tolist()
    )
    assert [frame[0]['track_id'] for frame in found] == [0] * 4


def test_identities_stay_however_boxes_are_ordered(inferencer, video, tmp_path):
    boxes = tmp_path / 'boxes.json'
    boxes.write_text(json.dumps({'film.mp4': [BOXES, BOXES[::-1], BOXES[:1], BOXES]}))
    found = people(inferencer, video, bboxes=str(boxes))
    by_track = [{p['track_id']: p['bbox'][0] for p in frame} for frame in found]
    both = {0: BOXES[0], 1: BOXES[1]}
    assert by_track == [both, both, {0: BOXES[0]}, both]


def test_smoothing_calms_a_video_and_keeps_its_first_frame(inferencer, video):
    plain, smooth = (
        landmarks(people(inferencer, video, smooth=on), 'keypoints_3d')
        for on in (False, True)
    )
    np.testing.assert_allclose(plain[0], smooth[0], atol=1e-4)
    assert np.abs(np.diff(smooth, axis=0)).sum() < np.abs(np.diff(plain, axis=0)).sum()


def test_a_webcam_is_a_video(inferencer, video, tmp_path, monkeypatch):
    capture = cv2.VideoCapture
    opened = []

    def camera(target):
        opened.append(target)
        return capture(video)

    monkeypatch.setattr(cv2, 'VideoCapture', camera)
    found = people(inferencer, 'webcam:2', out_dir=str(tmp_path / 'out'))
    assert opened == [2]
    assert len(found) == 4
    assert files(tmp_path / 'out') == [
        'predictions/webcam.json',
        'visualizations/webcam.mp4',
    ]


def test_what_was_seen_is_kept_when_the_caller_stops(inferencer, video, tmp_path):
    results_ = inferencer(video, out_dir=str(tmp_path / 'out'))
    next(results_), next(results_)
    results_.close()
    written = json.loads((tmp_path / 'out/predictions/film.json').read_text())
    assert len(written) == 2
    assert len(frames_of(tmp_path / 'out/visualizations/film.mp4')) == 2


def test_calls_that_take_turns_share_nothing(inferencer, video, pictures, tmp_path):
    """Two videos in lockstep, while one of pictures that was begun waits."""
    paths = (write_video(tmp_path / 'short.mp4', frames=3), video)
    (pictures / 'b.png').write_text('no picture')
    waiting = inferencer(str(pictures))
    next(waiting)
    calls = [
        inferencer(path, smooth=True, out_dir=str(tmp_path / 'out'), bboxes=4 * [BOXES])
        for path in paths
    ]
    taken: list[list] = [[], []]
    for results_ in zip(*calls, strict=False):
        for i, result in enumerate(results_):
            taken[i] += result['predictions']
    taken[1] += [p for result in calls[1] for p in result['predictions']]
    for path, found in zip(paths, taken, strict=True):
        alone = people(inferencer, path, smooth=True, bboxes=4 * [BOXES])
        assert found == alone
        name = Path(path).stem
        written = (tmp_path / f'out/predictions/{name}.json').read_text()
        instances = [frame['instances'] for frame in json.loads(written)]
        assert instances == json.loads(json.dumps(alone))
        frames = frames_of(tmp_path / f'out/visualizations/{name}.mp4')
        assert len(frames) == len(alone)
    with pytest.raises(FailedInputsError, match='1 of 3 inputs failed'):
        list(waiting)


def test_bad_files_are_left_out_and_named_at_the_end(inferencer, pictures, tmp_path):
    (pictures / 'b.png').write_text('no picture')
    (pictures / 'd.mp4').write_text('no video')
    write_video(pictures / 'e.mp4')
    out = tmp_path / 'out'
    call, found = inferencer(str(pictures), out_dir=str(out)), []
    with pytest.raises(FailedInputsError, match='2 of 5 inputs failed') as caught:
        found.extend(result['predictions'] for result in call)
    assert [Path(name).name for name in caught.value.failures] == ['b.png', 'd.mp4']
    assert len(found) == 2 + 4
    assert files(out / 'predictions') == ['a.json', 'c.json', 'e.json']
    assert files(out / 'visualizations') == ['a.png', 'c.png', 'e.mp4']


def test_nothing_is_overwritten(inferencer, pictures, tmp_path):
    before = (pictures / 'a.png').read_bytes()
    with pytest.raises(InferenceInputError, match='would overwrite an input'):
        list(inferencer(str(pictures / 'a.png'), vis_out_dir=str(pictures)))
    assert (pictures / 'a.png').read_bytes() == before
    cv2.imwrite(str(pictures / 'a.jpg'), picture())
    with pytest.raises(FailedInputsError, match=r'overwrite those of .*a\.jpg'):
        list(inferencer(str(pictures), pred_out_dir=str(tmp_path)))
    assert files(tmp_path)[:3] == ['a.json', 'b.json', 'c.json']


def test_nobody_is_an_answer_with_a_warning(inferencer, video, tmp_path):
    with pytest.warns(NoPersonWarning, match='00000.jpg: nobody was found'):
        (result,) = inferencer(picture(), bboxes=[[]], return_vis=True)
    assert result['predictions'] == [[]]
    boxes = [[], BOXES, [], []]
    found = people(inferencer, video, bboxes=boxes, out_dir=str(tmp_path))
    assert [len(frame) for frame in found] == [0, 2, 0, 0]
    assert len(frames_of(tmp_path / 'visualizations/film.mp4')) == 4


@pytest.mark.parametrize(
    ('inputs', 'message'),
    [
        ('missing.jpg', 'missing.jpg: cannot be read: FileNotFoundError'),
        ('missing.mp4', 'missing.mp4: no such file'),
        ('nothing/*.jpg', 'no pictures or videos there'),
        ('webcam:left', 'expected "webcam" or "webcam:ID"'),
        ([], 'got an empty list'),
        (7, 'expected a path, an array or a list, got int'),
        (np.zeros((4, 5), np.uint8), r'expected an array \(H, W, 3\) of uint8'),
        (np.zeros((4, 5, 3)), 'got .* of float64'),
    ],
)
def test_inputs_that_cannot_be_read(inferencer, inputs, message):
    with pytest.raises(UnreadableInputError, match=message):
        list(inferencer(inputs))


def test_a_video_that_opencv_cannot_name_is_refused(inferencer, tmp_path):
    path = tmp_path / os.fsdecode('😀'.encode() + b'se\xf1or.mp4')
    path.write_bytes(b'')
    with pytest.raises(UnreadableInputError, match='is not UTF-8; rename it'):
        list(inferencer(str(path)))


def test_of_a_list_what_is_not_there_fails_alone(inferencer, tmp_path):
    cv2.imwrite(str(tmp_path / 'a.jpg'), picture())
    (tmp_path / 'none').mkdir()
    (tmp_path / '.b.mp4').write_bytes(b'of another program')
    inputs = [str(tmp_path / name) for name in ('q*.png', 'none', 'a.jpg')]
    results = inferencer(inputs, bboxes={'a.jpg': BOXES})
    assert len(next(results)['predictions'][0]) == 2
    with pytest.raises(FailedInputsError, match='2 of 3 inputs failed'):
        next(results)
    (result,) = inferencer(str(tmp_path), bboxes={'a.jpg': BOXES})
    assert len(result['predictions'][0]) == 2


def test_a_missing_camera_is_an_error(inferencer, monkeypatch):
    closed = cv2.VideoCapture()
    monkeypatch.setattr(cv2, 'VideoCapture', lambda target: closed)
    with pytest.raises(UnreadableInputError, match='webcam: no such camera'):
        list(inferencer('webcam'))


def test_boxes_of_a_video_end_where_they_are_wrong(inferencer, video, tmp_path):
    boxes = [BOXES, BOXES, [[5, 5, 5, 40]], BOXES]
    with pytest.raises(PersonBoxError, match=r'film.mp4, 2: bboxes: box 0 has no area'):
        list(inferencer(video, bboxes=boxes, pred_out_dir=str(tmp_path)))
    assert len(json.loads((tmp_path / 'film.json').read_text())) == 2


def test_without_mmdetection_the_message_says_what_to_type(weights, monkeypatch):
    monkeypatch.setattr(base_mmpose_inferencer, 'has_mmdet', False)
    with pytest.raises(DependencyError, match='type: make full'):
        ImagePose3DInferencer(weights=weights, device='cpu', det_model='rtmdet-m')
    undecided = ImagePose3DInferencer(weights=weights, device='cpu')
    assert len(people(undecided, picture(), bboxes=[BOXES])[0]) == 2
    with pytest.raises(DependencyError, match="or det_model='whole_image'"):
        list(undecided(picture()))


def test_a_video_that_cannot_be_written(inferencer, video, tmp_path, monkeypatch):
    monkeypatch.setattr(results, 'CODEC', 'none')
    with pytest.raises(VideoWriterError, match='cannot write this video .codec none'):
        list(inferencer(video, out_dir=str(tmp_path / 'out')))
    assert files(tmp_path / 'out') == []


def test_a_damaged_video_is_used_as_far_as_it_goes(inferencer, tmp_path):
    whole, half = tmp_path / 'whole.avi', tmp_path / 'half.avi'
    codec = cv2.VideoWriter_fourcc(*'MJPG')
    writer = cv2.VideoWriter(str(whole), codec, 10.0, (128, 96))
    for i in range(12):
        writer.write(picture(i))
    writer.release()
    content = whole.read_bytes()
    half.write_bytes(content[: len(content) // 2])
    assert len(people(inferencer, whole)) == 12
    with pytest.warns(UserWarning, match=r'half.avi: \d of 12 frames'):
        assert 3 < len(people(inferencer, half)) < 9


def test_a_video_may_be_named_itself(inferencer, video, tmp_path):
    list(inferencer(video, vis_out_dir=str(tmp_path / 'out' / 'mine.mp4')))
    assert files(tmp_path / 'out') == ['mine.mp4']


@pytest.mark.parametrize('name', ['frame_0001', 'a.jfif', 'a.odd', 'a.pgm', 'a.PBM'])
def test_a_format_that_is_not_written_becomes_jpeg(inferencer, tmp_path, name):
    (tmp_path / name).write_bytes(cv2.imencode('.jpg', picture())[1].tobytes())
    list(inferencer(str(tmp_path / name), out_dir=str(tmp_path / 'out')))
    assert files(tmp_path / 'out' / 'visualizations') == [f'{name}.jpg']


def test_of_an_address_its_path_tells_the_kind(tmp_path):
    names = ('https://a.org/x/film.MP4?key=a/b.png', 'https://a.org/x/one.png?key=1')
    sources = [source for name in names for source in list_sources(name)]
    assert [source.kind for source in sources] == ['video', 'image']
    assert [source.name for source in sources] == list(names)
    outputs = Outputs('out', 'out')
    written = [[path.name for path in outputs.files(source)] for source in sources]
    assert written == [['film.mp4', 'film.json'], ['one.png', 'one.json']]


def test_a_picture_that_cannot_be_written(tmp_path):
    with pytest.raises(OSError, match='cannot write this picture'):
        results.write_image(tmp_path / 'a.odd', picture())
    assert files(tmp_path) == []


def test_showing_needs_a_display(inferencer):
    with pytest.raises(DisplayError, match='there is no display'):
        list(inferencer(picture(), show=True))


def test_arguments_that_do_not_exist_are_refused(inferencer):
    with pytest.raises(ValueError, match='unknown argument'):
        list(inferencer(picture(), bbox=[BOXES]))


def test_nothing_at_once_is_refused(inferencer):
    with pytest.raises(ValueRangeError, match='batch_size: expected 1 or more, got 0'):
        list(inferencer(picture(), batch_size=0))


def test_checkpoints_that_are_not_those_of_the_student(weights, tmp_path):
    with pytest.raises(StudentCheckpointError, match='expected the path'):
        ImagePose3DInferencer(str(Path(weights).with_suffix('.py')))
    for missing in ('missing.pth', Path('missing.pth')):
        with pytest.raises(FileNotFoundError, match='no such checkpoint'):
            ImagePose3DInferencer(weights=missing)
    with pytest.raises(FileNotFoundError, match='no such config'):
        ImagePose3DInferencer('missing.py', weights)
    (tmp_path / 'junk.pth').write_text('junk')
    with pytest.raises(StudentCheckpointError, match='expected a checkpoint'):
        ImagePose3DInferencer(weights=str(tmp_path / 'junk.pth'))


def test_a_teacher_is_refused(tmp_path):
    cfg = "model = dict(type='DeepNRSfM')"
    torch.save({'meta': {'cfg': cfg}, 'state_dict': {}}, tmp_path / 'teacher.pth')
    with pytest.raises(StudentCheckpointError, match='this is a teacher'):
        ImagePose3DInferencer(weights=str(tmp_path / 'teacher.pth'))


def test_another_skeleton_is_refused(weights, tmp_path):
    names = {
        i: info | {'name': f'q{i}', 'swap': ''}
        for i, info in WORM['keypoint_info'].items()
    }
    renamed = WORM | {'dataset_name': 'eel', 'keypoint_info': names}
    renamed['skeleton_info'] = {}
    config = str(Path(weights).with_suffix('.py'))
    eel = save_student(tmp_path / 'eel', renamed)
    with pytest.raises(StudentCheckpointError, match='"worm".*trained on "eel"'):
        ImagePose3DInferencer(config, eel)
    bug = save_student(tmp_path / 'bug', BUG)
    with pytest.raises(StudentCheckpointError, match='"worm" with 7.*"bug" with 5'):
        ImagePose3DInferencer(config, bug)


def test_the_description_of_its_landmarks_may_be_gone(tmp_path):
    file = tmp_path / 'worm.py'
    file.write_text(f'dataset_info = {WORM!r}')
    config = Config(student_config())
    config.test_dataloader.dataset.metainfo = {'from_file': str(file)}
    weights = save_student(tmp_path, WORM, config)
    file.unlink()
    made = ImagePose3DInferencer(weights=weights, det_model='whole_image')
    assert landmarks(people(made, picture())).shape == (1, 1, 7, 2)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda w: w.popitem(), 'are in one of them alone'),
        (lambda w: w.update(extra=torch.ones(1)), 'such as "extra"'),
        (lambda w: w.update({'backbone.conv1.weight': torch.ones(2)}), r'got \(2,\)'),
        (lambda w: w['backbone.conv1.weight'].fill_(torch.nan), 'training diverged'),
    ],
)
def test_weights_of_another_model_are_refused(weights, tmp_path, change, message):
    content = torch.load(weights, weights_only=False)
    change(content['state_dict'])
    torch.save(content, tmp_path / 'changed.pth')
    with pytest.raises(StudentCheckpointError, match=message):
        ImagePose3DInferencer(weights=str(tmp_path / 'changed.pth'))
