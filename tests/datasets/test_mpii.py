"""Laws of MPII in the order of Human3.6M."""

import json

import numpy as np
import pytest
from layouts import REAL, mpii_people, write_mpii
from mmpose.datasets.transforms import LoadImage

from nrsfm_distill_mm.datasets import MpiiDistillDataset
from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.datasets.mpii import MPII_TO_H36M
from nrsfm_distill_mm.skeletons import HUMAN36M

SPINE = HUMAN36M.index('spine')


def test_the_order_is_that_of_human36m():
    legs, trunk, arms = [6, 2, 1, 0, 3, 4, 5], [7, 8, 9], [13, 14, 15, 12, 11, 10]
    assert [source for source, _ in MPII_TO_H36M] == legs + trunk + arms
    assert [i for _, i in MPII_TO_H36M] == [i for i in range(17) if i != SPINE]


def test_people_in_the_order_of_human36m(tmp_path):
    data = MpiiDistillDataset(str(write_mpii(tmp_path, 3)))
    assert data.metainfo['dataset_name'] == 'h36m'
    joints = np.float32(mpii_people(3)[2]['joints'])
    info = data[2]
    assert info['keypoints'].shape == (1, 17, 2)
    for source, target in MPII_TO_H36M:
        np.testing.assert_array_equal(info['keypoints'][0, target], joints[source])
    np.testing.assert_array_equal(info['flip_indices'], HUMAN36M.mirror)


def test_the_spine_is_absent_and_the_hidden_ankle_is_hidden(tmp_path):
    visible = MpiiDistillDataset(str(write_mpii(tmp_path, 3)))[1]['keypoints_visible']
    shown, annotated = visible[0, :, 0], visible[0, :, 1]
    ankle = HUMAN36M.index('right_foot')
    assert np.flatnonzero(shown == 0).tolist() == [ankle, SPINE]
    assert np.flatnonzero(annotated == 0).tolist() == [SPINE]


def changed(**fields):
    return [mpii_people(3)[0], mpii_people(3)[1] | fields]


NAN = np.full((16, 2), np.nan).tolist()
UNNAMED = [{k: v for k, v in mpii_people(1)[0].items() if k != 'joints_vis'}]
REFUSED = {
    'empty': ([], 'expected a list of people, got none'),
    'COCO': ({'images': [], 'annotations': []}, 'a list of people, got dict'),
    'a number': (5, 'expected a list of people, got int'),
    'numbers': ([5, 7], 'person 0: expected an object with the fields .*, got int'),
    'fields': (UNNAMED, r"person 0: .*\['joints_vis'\] missing"),
    'skeleton': (changed(joints=[[1, 2]] * 14), 'person 1: .*16 landmarks.*got 14'),
    'NaN': (changed(joints=NAN), '000000011.jpg .*expected finite landmarks'),
    'all missing': (changed(joints_vis=[0] * 16), '000000011.jpg .*expected visible'),
}


@pytest.mark.parametrize(('people', 'message'), REFUSED.values(), ids=REFUSED)
def test_refused(tmp_path, people, message):
    path = tmp_path / 'bad.json'
    path.write_text(json.dumps(people))
    with pytest.raises(AnnotationError, match=f'bad.json: .*{message}'):
        MpiiDistillDataset(str(path))


def test_a_corrupt_file_is_named(tmp_path):
    (tmp_path / 'bad.json').write_text('[{"image":')
    with pytest.raises(AnnotationError, match='bad.json: expected a .json file'):
        MpiiDistillDataset(str(tmp_path / 'bad.json'))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.json.*MPII'):
        MpiiDistillDataset(str(tmp_path / 'none.json'))


@pytest.mark.skipif(not (REAL / 'mmpose_samples').is_dir(), reason='no sample data')
def test_real_people():
    data = MpiiDistillDataset(
        ann_file='test_mpii.json',
        data_root=str(REAL / 'mmpose_samples' / 'mpii'),
        data_prefix={'img': ''},
        pipeline=[LoadImage()],
    )
    assert len(data) == 5
    complete = 0
    for info in data:
        shown, annotated = info['keypoints_visible'][0].T
        complete += (shown[annotated > 0] > 0).all()
        head, pelvis = info['keypoints'][0, [HUMAN36M.index('head'), 0]]
        assert head[1] < pelvis[1]
        height, width = info['img'].shape[:2]
        inside = (info['keypoints'][0] >= 0) & (info['keypoints'][0] < [width, height])
        assert inside[shown > 0].all()
    assert complete == 3
