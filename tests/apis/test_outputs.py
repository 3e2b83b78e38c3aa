"""Folders and formats of what the inferencer writes, and what is refused."""

import json
import os
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from tiny_student import picture

from nrsfm_distill_mm.apis import (
    FailedInputsError,
    ImagePose3DInferencer,
    OutputArgumentError,
    UnknownViewError,
    gif_file,
)
from nrsfm_distill_mm.apis.gif_file import GifFile
from nrsfm_distill_mm.apis.results import VideoFile
from nrsfm_distill_mm.visualization import pose3d_visualizer
from nrsfm_distill_mm.visualization.skeleton_style import LEFT, RIGHT

BOXES = [[4, 6, 40, 60], [60, 20, 100, 80]]


@pytest.fixture(autouse=True)
def _short_turns(monkeypatch):
    monkeypatch.setattr(pose3d_visualizer, 'TURN_FRAMES', 8)


def files(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob('*') if p.is_file())


def write_gif(path, frames, fps):
    file = GifFile(path, fps)
    for frame in frames:
        file.write(frame)
    assert file.close()
    return Image.open(path)


def blinking(count, height=20, width=30):
    """Frames of which none is as the one before."""
    return [
        np.full((height, width, 3), 40 + 5 * (i % 40), np.uint8) for i in range(count)
    ]


def durations(gif):
    found = []
    for i in range(gif.n_frames):
        gif.seek(i)
        found.append(gif.info['duration'])
    return found


@pytest.mark.parametrize('fps', [0.5, 29.97, 119.8812, 239.987, 999.99, 90_000.0])
def test_a_video_keeps_its_rate(tmp_path, fps):
    file = VideoFile(tmp_path / 'a.mp4', fps)
    for frame in blinking(3):
        file.write(frame)
    assert file.close()
    found = cv2.VideoCapture(str(tmp_path / 'a.mp4')).get(cv2.CAP_PROP_FPS)
    assert found == pytest.approx(min(fps, 65_535), rel=1e-3)


@pytest.mark.parametrize(('fps', 'kept'), [(5, 60), (10, 60), (24, 30), (30, 24)])
def test_a_gif_lasts_as_long_as_its_video(tmp_path, fps, kept):
    gif = write_gif(tmp_path / 'a.gif', blinking(60), fps)
    assert gif.n_frames == kept
    assert sum(durations(gif)) == pytest.approx(60 / fps * 1000, abs=10)
    assert files(tmp_path) == ['a.gif']


@pytest.mark.parametrize(('width', 'size'), [(1280, (640, 150)), (300, (300, 300))])
def test_a_gif_is_no_wider_than_its_limit(tmp_path, width, size):
    gif = write_gif(tmp_path / 'a.gif', blinking(2, height=300, width=width), 10)
    assert gif.size == size


def test_a_gif_keeps_the_colours_that_people_are_drawn_in(tmp_path):
    inks = [tuple(int(ink[i : i + 2], 16) for i in (1, 3, 5)) for ink in (LEFT, RIGHT)]
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 255, (2, 60, 80, 3), dtype=np.uint8)
    frames[:, 5, 5], frames[:, 5, 6], frames[:, 40:] = *inks, 255
    gif = write_gif(tmp_path / 'a.gif', frames, 10)
    for i in range(2):
        gif.seek(i)
        shown = np.array(gif.convert('RGB'))
        assert [tuple(shown[5, x]) for x in (5, 6)] == inks
        assert (shown[40:] == 255).all()


def test_what_rests_takes_no_room_in_a_gif(tmp_path):
    rng = np.random.default_rng(0)
    resting = np.tile(
        rng.integers(0, 255, (1, 60, 80, 3), dtype=np.uint8), (10, 1, 1, 1)
    )
    for i, frame in enumerate(resting):
        frame[0, 0] = 20 * i
    moving = rng.integers(0, 255, (10, 60, 80, 3), dtype=np.uint8)
    for name, frames in (('resting', resting), ('moving', moving)):
        write_gif(tmp_path / f'{name}.gif', frames, 10)
    sizes = [(tmp_path / f'{n}.gif').stat().st_size for n in ('resting', 'moving')]
    assert sizes[0] < 0.3 * sizes[1]


def test_a_long_gif_ends_with_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(gif_file, 'FRAMES', 6)
    with pytest.warns(
        UserWarning, match='ends after 1 s; use vis_format="mp4"'
    ) as seen:
        gif = write_gif(tmp_path / 'a.gif', blinking(20), 6)
    assert len(seen) == 1
    assert gif.n_frames == 6
    assert sum(durations(gif)) == pytest.approx(1000, abs=10)


def test_nothing_given_is_no_gif(tmp_path):
    assert not GifFile(tmp_path / 'a.gif', 10).close()
    assert files(tmp_path) == []


def test_a_video_as_a_gif(inferencer, video, tmp_path):
    list(inferencer(video, vis_out_dir=str(tmp_path / 'out'), vis_format='gif'))
    assert files(tmp_path / 'out') == ['film.gif']
    gif = Image.open(tmp_path / 'out' / 'film.gif')
    assert (gif.n_frames, durations(gif)) == (4, [100] * 4)
    list(inferencer(video, vis_out_dir=str(tmp_path / 'b.gif'), vis_format='gif'))
    assert (tmp_path / 'b.gif').is_file()


def test_views_are_the_callers_and_for_one_call(inferencer):
    call = {'return_vis': True}
    shapes = [
        next(iter(inferencer(picture(), **call, **more)))['visualization'][0].shape
        for more in ({'views': 'front,side,top'}, {'views': ['top']}, {})
    ]
    assert shapes == [(360, 480 + 360 * n, 3) for n in (3, 1, 2)]


@pytest.mark.parametrize('suffix', ['mp4', 'gif'])
def test_a_turntable_lies_beside_its_picture(inferencer, tmp_path, suffix):
    out = tmp_path / 'out'
    call = {'turntable': True, 'vis_format': suffix, 'vis_out_dir': str(out)}
    list(inferencer(picture(), **call))
    assert files(out) == ['000000.jpg', f'000000_turn.{suffix}']
    capture = cv2.VideoCapture(str(out / f'000000_turn.{suffix}'))
    frames = []
    while (read := capture.read())[0]:
        frames.append(read[1].astype(int))
    assert len(frames) == 8
    edge = frames[0].shape[1] * 480 // 840
    moved = np.abs(np.array(frames) - frames[0]).max((0, 3)) > 100
    assert moved[:, edge:].mean() > 0.005
    assert moved[:, : edge - 4].mean() < 0.001


def test_nobody_makes_no_turntable(inferencer, tmp_path):
    call = {'bboxes': [[]], 'turntable': True, 'vis_out_dir': str(tmp_path)}
    with pytest.warns(UserWarning, match='nobody was found'):
        list(inferencer(picture(), **call))
    assert files(tmp_path) == ['000000.jpg']


def embedded(path):
    """The JSON of a page."""
    text = path.read_text()
    HTMLParser().feed(text)
    start = text.index('>', text.index('application/json')) + 1
    return json.loads(text[start : text.index('</script>', start)])


def test_pages_hold_the_predictions(inferencer, video, tmp_path):
    calls = {
        'film': {'inputs': video, 'bboxes': [BOXES] * 4},
        '000000': {'inputs': picture()},
    }
    for name, call in calls.items():
        results = list(inferencer(**call, html_out_dir=str(tmp_path / 'html')))
        found = [people for result in results for people in result['predictions']]
        frames = embedded(tmp_path / 'html' / f'{name}.html')['frames']
        assert [len(frame['instances']) for frame in frames] == list(map(len, found))
        for frame, people in zip(frames, found, strict=True):
            for shown, person in zip(frame['instances'], people, strict=True):
                for field in ('keypoints', 'keypoints_3d', 'keypoint_scores'):
                    np.testing.assert_allclose(shown[field], person[field], atol=0.0051)
                assert shown['track_id'] == person.get('track_id', 0)
    assert files(tmp_path / 'html') == ['000000.html', 'film.html']


def test_a_page_of_what_was_seen_when_the_caller_stops(inferencer, video, tmp_path):
    results = inferencer(video, html_out_dir=str(tmp_path))
    next(results), next(results)
    results.close()
    assert len(embedded(tmp_path / 'film.html')['frames']) == 2


def test_pages_and_turntables_overwrite_nothing(inferencer, tmp_path):
    folder = tmp_path / 'in'
    folder.mkdir()
    for name in ('a.png', 'a.jpg'):
        cv2.imwrite(str(folder / name), picture())
    with pytest.raises(FailedInputsError, match=r'overwrite those of .*a\.jpg'):
        list(inferencer(str(folder), html_out_dir=str(tmp_path / 'html')))
    with pytest.raises(FailedInputsError, match=r'overwrite those of .*a\.jpg'):
        list(inferencer(str(folder), turntable=True, vis_out_dir=str(tmp_path / 'v')))


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        ({'vis_format': 'webm'}, "vis_format: expected mp4 or gif, got 'webm'"),
        ({'vis_out_dir': 'x.gif'}, r'vis_out_dir: expected a folder or a \.mp4'),
        ({'vis_out_dir': 'x.AVI'}, r'vis_out_dir: expected a folder or a \.mp4'),
        ({'turntable': True}, 'turntable: expected a folder in vis_out_dir'),
        ({'vis_out_dir': 'FILE'}, 'vis_out_dir: .* is a file'),
        ({'vis_out_dir': 'a.mp4'}, 'vis_out_dir: expected a video, but .* is a folder'),
        ({'pred_out_dir': 'FILE/a/b'}, 'pred_out_dir: .* is a file'),
        ({'html_out_dir': 'FILE/a'}, 'html_out_dir: .* is a file'),
        ({'out_dir': 'FILE/a'}, 'vis_out_dir: .* is a file'),
        ({'vis_out_dir': 'LOCKED/a'}, 'vis_out_dir: .* cannot be written'),
        ({'views': 'front,back'}, 'views: expected some of front, side, top'),
    ],
)
def test_outputs_are_refused_before_any_inference(
    inferencer, tmp_path, monkeypatch, arguments, message
):
    (tmp_path / 'FILE').write_text('in the way')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(
        'os.access', lambda path, mode: 'LOCKED' not in Path(path).parts
    )
    (tmp_path / 'LOCKED').mkdir()
    (tmp_path / 'a.mp4').mkdir()
    monkeypatch.setattr(ImagePose3DInferencer, 'forward', None)
    with pytest.raises((OutputArgumentError, UnknownViewError), match=message):
        list(inferencer('missing.jpg', **arguments))
    assert files(tmp_path) == ['FILE']


def test_a_name_may_be_anything_that_the_system_allows(inferencer, tmp_path):
    """OpenCV itself would crash on one that is not UTF-8."""
    for name in (os.fsdecode(b'se\xf1or.jpg'), 'x' * 240 + '.jpg'):
        path, out = tmp_path / name, tmp_path / 'out'
        path.write_bytes(cv2.imencode('.jpg', picture())[1])
        (result,) = inferencer(
            str(path), bboxes=[BOXES], out_dir=str(out), html_out_dir=str(out)
        )
        assert len(result['predictions'][0]) == 2
        assert (out / 'visualizations' / name).stat().st_size > 0
        page = (out / f'{path.stem}.html').read_text(encoding='utf-8')
        assert '<title>se\ufffdor.jpg</title>' in page or 'x' * 240 in page
