"""Laws of the converter of Leeds Sports Poses."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from layouts import REAL, REPO, landmarks, write_image
from mmengine.config import Config

from nrsfm_distill_mm.datasets import KeypointArrayDataset
from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.skeletons import LSP

PEOPLE = 13
SPEC = importlib.util.spec_from_file_location(
    'lsp_to_npz', REPO / 'tools' / 'dataset_converters' / 'lsp_to_npz.py'
)
tool = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tool)
METAINFO = Config.fromfile(REPO / 'configs/_base_/datasets/lsp.py').dataset_info


def joints() -> dict[str, np.ndarray]:
    """13 people; every third one hides a landmark."""
    visible = np.ones((PEOPLE, 14), dtype=bool)
    visible[::3, 4] = False
    return {
        'image': np.array([f'im{i:05d}.jpg' for i in range(PEOPLE)]),
        'keypoints': landmarks(PEOPLE, 14),
        'visible': visible,
        'joint_names': np.array(LSP.joint_names),
    }


def source(folder: Path, **changes) -> Path:
    arrays = joints() | changes
    folder.mkdir(parents=True)
    np.savez(folder / 'joints.npz', **arrays)
    for name in arrays['image']:
        write_image(folder / 'images' / str(name))
    return folder


def load(out: Path, name: str) -> KeypointArrayDataset:
    return KeypointArrayDataset(
        ann_file=f'lsp_{name}.npz',
        data_root=str(out),
        data_prefix={'img': 'images/'},
        metainfo=METAINFO,
    )


def test_the_skeleton_of_the_config_is_the_librarys():
    data = KeypointArrayDataset(metainfo=METAINFO, lazy_init=True)
    names = data.metainfo['keypoint_id2name']
    assert tuple(names[i] for i in range(14)) == LSP.joint_names
    assert tuple(data.metainfo['flip_indices']) == LSP.mirror
    links = {frozenset(link) for link in data.metainfo['skeleton_links']}
    assert {frozenset(bone) for bone in LSP.bones} <= links


@pytest.mark.parametrize(
    ('options', 'counts'), [((), (6, 2)), (('--partly-visible',), (11, 2))]
)
def test_sets_are_disjoint_and_test_people_visible(tmp_path, options, counts):
    arguments = [str(source(tmp_path / 'in')), '--out', str(tmp_path / 'out')]
    tool.main([*arguments, '--test-every', '4', *options])
    train, test = (load(tmp_path / 'out', name) for name in ('train', 'test'))
    assert (len(train), len(test)) == counts
    images = [{info['img_path'] for info in data} for data in (train, test)]
    assert not images[0] & images[1]
    assert all(Path(path).is_file() for path in images[0] | images[1])
    assert all((info['keypoints_visible'] == 1).all() for info in test)
    hidden = sum((info['keypoints_visible'] == 0).any() for info in train)
    assert hidden == (5 if options else 0)


def test_landmarks_are_kept(tmp_path):
    tool.main([str(source(tmp_path / 'in')), '--out', str(tmp_path / 'out')])
    first = load(tmp_path / 'out', 'test')[0]
    assert first['img_path'].endswith('im00001.jpg')
    np.testing.assert_array_equal(first['keypoints'][0], joints()['keypoints'][1])


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'joint_names': np.array(LSP.joint_names[::-1])}, "got .'head_top'"),
        ({'visible': np.ones((PEOPLE, 5))}, r'visible of shape \(N, 14\)'),
        ({'keypoints': np.ones((3, 14, 2))}, "N > 0 rows.*'keypoints': 3"),
    ],
)
def test_refused(tmp_path, changes, message):
    folder = source(tmp_path / 'in', **changes)
    with pytest.raises(AnnotationError, match=f'joints.npz: .*{message}'):
        tool.main([str(folder), '--out', str(tmp_path / 'out')])


def test_missing_files_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'joints.npz".*beside the folder'):
        tool.main([str(tmp_path), '--out', str(tmp_path / 'out')])
    folder = source(tmp_path / 'in')
    (folder / 'images' / 'im00002.jpg').unlink()
    with pytest.raises(FileNotFoundError, match='im00002.jpg'):
        tool.main([str(folder), '--out', str(tmp_path / 'out')])


@pytest.mark.parametrize('every', ['0', '-1'])
def test_people_are_held_out_at_steps(every, tmp_path, capsys):
    with pytest.raises(SystemExit):
        tool.main([str(tmp_path), '--test-every', every])
    assert f'--test-every: expected 1 or more, got {every}' in capsys.readouterr().err


@pytest.mark.skipif(not (REAL / 'lspet').is_dir(), reason='no photographs')
def test_real_people():
    arrays = tool.read_joints(REAL / 'lspet' / 'joints.npz')
    rows = tool.split(arrays['visible'], test_every=10, partly_visible=False)
    assert (len(rows['train']), len(rows['test'])) == (600, 67)
