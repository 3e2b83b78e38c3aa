"""PosePage: one file, what it holds, and that its script turns as the views do."""

import base64
import json
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from nrsfm_distill_mm.visualization import pose_page
from nrsfm_distill_mm.visualization.pose_page import TEMPLATE, PosePage, Thinned
from nrsfm_distill_mm.visualization.skeleton_style import LEFT, RIGHT, skeleton_style
from nrsfm_distill_mm.visualization.views import turned_view

STYLE = skeleton_style([[0, 1], [0, 2]], ['root', 'left_hip', 'right_hip'])
IMAGE = np.full((40, 30, 3), (200, 90, 30), np.uint8)
NODE = shutil.which('node')


def person(seed=0, **more):
    rng = np.random.default_rng(seed)
    sizes = {'keypoints': (3, 2), 'keypoints_3d': (3, 3), 'keypoint_scores': (3,)}
    return {n: rng.uniform(0, 30, s).tolist() for n, s in sizes.items()} | more


def page(*frames, title='a.jpg'):
    made = PosePage(title, STYLE, kpt_thr=0.3, fps=10.0)
    for people in frames:
        made.add(IMAGE, people)
    return made


class Reader(HTMLParser):
    """The elements of a page, with their text, and whether all are closed."""

    EMPTY = ('meta', 'input')

    def __init__(self, text):
        super().__init__()
        self.open, self.found = [], {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        if tag not in self.EMPTY:
            self.open.append((tag, dict(attrs).get('id', tag)))
            self.found.setdefault(self.open[-1][1], '')

    def handle_endtag(self, tag):
        assert self.open.pop()[0] == tag

    def handle_data(self, data):
        if self.open:
            self.found[self.open[-1][1]] += data


def read(text):
    reader = Reader(text)
    assert not reader.open
    return reader.found


def test_the_page_holds_the_predictions():
    people = [person(0, track_id=4), person(1, track_id=7)]
    found = json.loads(read(page(people, []).text())['data'])
    assert [frame['frame_id'] for frame in found['frames']] == [0, 1]
    first, second = (frame['instances'] for frame in found['frames'])
    assert second == []
    assert [shown['cell'] for shown in first] == [0, 1]
    for shown, given in zip(first, people, strict=True):
        assert shown['track_id'] == given['track_id']
        for name in ('keypoints', 'keypoints_3d', 'keypoint_scores'):
            np.testing.assert_allclose(shown[name], given[name], atol=0.0051)
    assert found['links'] == STYLE.links.tolist()
    assert found['colors'] == [LEFT, RIGHT]
    assert found['size'] == [30, 40]


def test_the_picture_is_in_the_page():
    (image,) = page([person()]).content()['images']
    encoded = base64.b64decode(image['url'].removeprefix('data:image/jpeg;base64,'))
    shown = cv2.imdecode(np.frombuffer(encoded, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    np.testing.assert_allclose(shown.astype(int), IMAGE, atol=4)


def test_large_pictures_are_resized():
    url = pose_page.jpeg_url(np.zeros((3000, 1500, 3), np.uint8))
    encoded = np.frombuffer(base64.b64decode(url.partition(',')[2]), np.uint8)
    assert cv2.imdecode(encoded, cv2.IMREAD_COLOR).shape == (800, 400, 3)


@pytest.mark.parametrize(
    'title', ['</script><script>alert(1)</script>.jpg', '{{data}}', r'\1 & "b".jpg']
)
def test_titles_are_only_text(title):
    found = read(page([person()], title=title).text())
    assert found['title'] == found['h1'] == title
    assert 'alert' not in found['script']
    assert json.loads(found['data'])['cells'] == 1


def test_it_asks_for_nothing_outside():
    text = page([person()]).text()
    assert 'http' not in text
    outside = r'(src|href)="|\bimport\b|fetch\(|url\(|XMLHttp|WebSocket'
    assert not re.search(outside, TEMPLATE.read_text())
    assert '{{' not in text


def test_what_is_not_finite_is_left_out():
    hidden = person()
    hidden['keypoints_3d'][1] = [float('nan')] * 3
    (frame,) = json.loads(read(page([hidden]).text())['data'])['frames']
    assert frame['instances'][0]['keypoints_3d'][1] == [None] * 3


def test_few_of_a_stream_are_all_and_many_are_thinned_evenly():
    stream = Thinned(most=10)
    for i in range(100):
        if stream.wants(i):
            stream.add(i, f'item {i}', 1)
        if i == 9:
            assert list(stream.items) == list(range(10))
    assert list(stream.items) == list(range(0, 100, stream.stride))
    assert 5 <= len(stream.items) <= 10


def test_a_long_video_makes_no_long_page(monkeypatch):
    monkeypatch.setattr(pose_page, 'LANDMARKS', 100)
    monkeypatch.setattr(pose_page, 'BYTES', 3000)
    content = page(*[[person(i)] for i in range(200)]).content()
    indices = [frame['frame_id'] for frame in content['frames']]
    assert 10 < len(indices) <= 25
    assert len(set(np.diff(indices))) == 1
    assert sum(len(image['url']) for image in content['images']) <= 3000
    assert content['images'][0]['frame_id'] == 0


def test_identities_keep_their_cells():
    frames = [[3, 5], [5], [5, 3]]
    made = page(*[[person(i, track_id=i) for i in tracks] for tracks in frames])
    cells = [
        {one['track_id']: one['cell'] for one in frame['instances']}
        for frame in made.content()['frames']
    ]
    assert cells == [{3: 0, 5: 1}, {5: 1}, {5: 1, 3: 0}]


def script():
    text = TEMPLATE.read_text()
    return text[text.rindex('<script>') + len('<script>') : text.rindex('</script>')]


@pytest.mark.skipif(NODE is None, reason='no node')
def test_the_script_is_javascript(tmp_path):
    (tmp_path / 'page.js').write_text(script())
    subprocess.run([NODE, '--check', str(tmp_path / 'page.js')], check=True)


@pytest.mark.skipif(NODE is None, reason='no node')
def test_the_script_sees_what_the_turntable_sees():
    function = re.search(r'^function seen\(.*?^}', script(), re.M | re.S)[0]
    call = 'console.log(JSON.stringify(seen([1, 2, 3])))'
    lines = ['const state = {yaw: 0.7, pitch: 0.3};', function, call]
    command = [NODE, '-e', '\n'.join(lines)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    right, up, away = turned_view(0.7, 0.3).seen(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(json.loads(done.stdout), [right, -up, away])


def test_an_installed_package_has_the_template(tmp_path):
    root = Path(__file__).parents[2]
    command = [sys.executable, 'setup.py', '-q', 'build_py', '-d', str(tmp_path)]
    subprocess.run(command, cwd=root, capture_output=True, check=True)
    (shipped,) = tmp_path.rglob(TEMPLATE.name)
    assert shipped.relative_to(tmp_path) == TEMPLATE.relative_to(root)
    assert shipped.read_text() == TEMPLATE.read_text()
