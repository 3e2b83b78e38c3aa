import cv2
import numpy as np
import pytest
from mmengine.structures import InstanceData
from mmpose.registry import VISUALIZERS
from mmpose.structures import PoseDataSample

from nrsfm_distill_mm.visualization import Pose3DCanvasVisualizer, UnknownViewError
from nrsfm_distill_mm.visualization.views import VIEWS

META = {
    'keypoint_id2name': {0: 'root', 1: 'left_hip', 2: 'right_hip', 3: 'head'},
    'skeleton_links': [(0, 1), (0, 2), (0, 3)],
    'skeleton_link_colors': np.zeros((3, 3)),
}
IMAGE = np.full((40, 30, 3), 90, np.uint8)


@pytest.fixture
def visualizer():
    made = Pose3DCanvasVisualizer(panel=120)
    made.set_dataset_meta(META)
    return made


def sample(seed, persons=1, with_3d=True):
    rng = np.random.default_rng(seed)
    fields = {'keypoints': rng.uniform(4, 26, (persons, 4, 2))}
    if with_3d:
        depth = rng.normal(size=(persons, 4, 1)) * 5
        fields['keypoints_3d'] = np.concatenate([fields['keypoints'], depth], -1)
    made = PoseDataSample()
    made.pred_instances = InstanceData(**fields)
    return made


def test_it_is_registered():
    assert VISUALIZERS.get('Pose3DCanvasVisualizer') is Pose3DCanvasVisualizer


def test_frames_of_a_video_have_one_size(visualizer):
    samples = [sample(0), sample(1, persons=3), sample(2, with_3d=False)]
    shapes = {visualizer.add_datasample('x', IMAGE, s).shape for s in samples}
    assert shapes == {(120, 90 + 2 * 120, 3)}


def test_what_is_drawn_is_shown_without_windows_of_opencv(visualizer):
    canvas = visualizer.add_datasample('x', IMAGE, sample(0), show=True, wait_time=0.01)
    (axes,) = visualizer.manager.canvas.figure.axes
    assert np.array_equal(axes.images[0].get_array(), canvas)


def test_the_picture_is_left_and_untouched_outside_the_person(visualizer):
    canvas = visualizer.add_datasample('x', IMAGE, PoseDataSample())
    assert (canvas[:, 2:88] == 90).all()
    assert (canvas[:, 92:] == 255).all()


def test_depth_shows_in_the_side_view_only(visualizer):
    near, far = sample(0), sample(0)
    far.pred_instances.keypoints_3d[..., 1:, 2] *= -1
    a, b = (visualizer.add_datasample('x', IMAGE, s).astype(int) for s in (near, far))
    assert (a[:, :90] == b[:, :90]).all()
    assert (a[:, 210:] != b[:, 210:]).any()
    ink = (a[:, 90:210] < 250).any(-1) == (b[:, 90:210] < 250).any(-1)
    assert ink.mean() > 0.95, 'from the front only shades and order may differ'


def test_landmarks_below_the_threshold_are_not_drawn_over_the_picture(visualizer):
    doubtful = sample(0)
    doubtful.pred_instances.keypoint_scores = np.full((1, 4), 0.2)
    canvas = visualizer.add_datasample('x', IMAGE, doubtful, kpt_thr=0.3)
    assert (canvas[:, 2:88] == 90).all()


def test_the_annotation_serves_where_there_is_no_prediction(visualizer):
    annotated = PoseDataSample()
    annotated.gt_instances = sample(0).pred_instances
    drawn = visualizer.add_datasample('x', IMAGE, annotated)
    blank = visualizer.add_datasample('x', IMAGE, annotated, draw_gt=False)
    assert (drawn != blank).any()


def test_it_writes_a_file_whose_colours_are_those_of_the_canvas(visualizer, tmp_path):
    path = tmp_path / 'new' / 'x.png'
    canvas = visualizer.add_datasample('x', IMAGE, sample(0), out_file=str(path))
    np.testing.assert_array_equal(cv2.imread(str(path))[..., ::-1], canvas)


def test_landmarks_are_drawn_over_the_picture_where_they_are(visualizer):
    drawn = sample(0)
    drawn.pred_instances.keypoints[:] = [[15, 20], [5, 20], [25, 20], [15, 35]]
    canvas = visualizer.add_datasample('x', IMAGE, drawn).astype(int)
    plain = (np.abs(canvas[:, :90] - 90) < 9).all(-1)
    assert not plain[61, 20], 'left hip to root; the picture is shown at three times'
    assert not plain[90, 43:50].all(), 'root to head'
    assert plain[30].all(), 'above them all'


def several(visualizer, count, tracks=None):
    made = sample(3, persons=count)
    if tracks is not None:
        made.pred_instances.set_field(np.array(tracks), 'track_ids')
    return visualizer.add_datasample('x', IMAGE, made)


def test_every_person_of_a_picture_has_a_cell(visualizer):
    visualizer.num_instances = -1
    shapes = [several(visualizer, count).shape for count in (1, 2, 4)]
    assert shapes == [(120, 330, 3), (120, 210, 3), (120, 330, 3)]
    canvas = several(visualizer, 4)[:, 90:]
    for cell in (canvas[:60, :120], canvas[:60, 120:], canvas[60:, :120]):
        assert (cell < 200).any()


def test_frames_of_a_video_have_the_size_of_the_first(visualizer):
    visualizer.num_instances = -1
    visualizer.start_video()
    frames = [several(visualizer, len(t), t) for t in ([0, 1], [0, 1, 2], [1])]
    assert {frame.shape for frame in frames} == {(120, 210, 3)}
    upper, lower = frames[2][:60, 90:], frames[2][60:, 90:]
    assert (upper[:50] == 255).all(), 'the cell of person 0, who is away'
    assert (lower < 200).any()


def test_a_person_looks_the_same_in_every_frame_of_a_video(visualizer):
    visualizer.start_video()
    frames = []
    for size in (1.0, 0.5, 1.0):
        made = sample(0)
        made.pred_instances.keypoints_3d *= size
        made.pred_instances.set_field(np.array([4]), 'track_ids')
        frames.append(visualizer.add_datasample('x', IMAGE, made))
    assert (frames[0] == frames[2]).all()
    bones = [(f[:90, 212:328] < 200).any(-1) for f in frames]
    tall, small = (np.ptp(np.where(b.any(1))[0]) for b in bones[:2])
    assert 0.4 < small / tall < 0.6, 'limits stand still while poses change'


@pytest.mark.parametrize('names', ['top', 'side,front', ['front', 'side', 'top']])
def test_each_view_has_a_square(visualizer, names):
    visualizer.views = names
    count = len(visualizer.views)
    canvas = visualizer.add_datasample('x', IMAGE, sample(0))
    assert canvas.shape == (120, 90 + count * 120, 3)
    for i in range(count):
        assert (canvas[:90, 92 + i * 120 : 208 + i * 120] < 200).any()


def test_the_order_of_views_is_the_callers(visualizer):
    panels = {}
    for names in ('front,side', 'side,front'):
        visualizer.views = names
        canvas = visualizer.add_datasample('x', IMAGE, sample(0))
        for i, name in enumerate(visualizer.views):
            panel = canvas[30:90, 90 + 120 * i : 210 + 120 * i]  # below the legend
            panels.setdefault(name, []).append(panel)
    for name in ('front', 'side'):
        np.testing.assert_array_equal(*panels[name])


def test_height_does_not_show_from_the_top(visualizer):
    visualizer.views = ('top',)
    one, other = sample(0), sample(0)
    other.pred_instances.keypoints_3d[0, 3, 1] += 1
    a, b = (visualizer.add_datasample('x', IMAGE, s).astype(int) for s in (one, other))
    ink = (a[:90, 90:] < 200).any(-1) == (b[:90, 90:] < 200).any(-1)
    assert ink.mean() > 0.97, 'limits, shades and order may differ'


def test_unknown_views_are_refused(visualizer):
    assert Pose3DCanvasVisualizer(views='top').views == ('top',)
    assert set(visualizer.views) < set(VIEWS)
    with pytest.raises(UnknownViewError, match="got 'back'"):
        Pose3DCanvasVisualizer(views='back')


def test_colours_of_sides_are_named_where_there_are_any(visualizer):
    corner = slice(92 + 80, 92 + 117)
    blank = sample(0)
    blank.pred_instances.keypoints_3d[:] = 0
    named = visualizer.add_datasample('x', IMAGE, blank)[:30, corner]
    visualizer.set_dataset_meta(META | {'keypoint_id2name': dict(enumerate('abcd'))})
    bare = visualizer.add_datasample('x', IMAGE, blank)[:30, corner]
    assert (named < 200).any()
    assert (bare == 255).all()


def test_a_turntable_turns_beside_a_picture_that_rests(visualizer):
    frames = list(visualizer.turntable(IMAGE, sample(0)))
    assert {frame.shape for frame in frames} == {(120, 90 + 120, 3)}
    pictures = {frame[:, :90].tobytes() for frame in frames}
    turning = {frame[:, 90:].tobytes() for frame in frames}
    assert len(pictures) == 1
    assert len(turning) == len(frames) > 20


def test_no_views_leave_the_picture_alone(visualizer):
    visualizer.num_instances = 0
    assert visualizer.add_datasample('x', IMAGE, sample(0)).shape == (120, 90, 3)
