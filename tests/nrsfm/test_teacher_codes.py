"""The file of codes: round trip, look-up, refusals."""

import tracemalloc
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from nrsfm_distill_mm.geometry import (
    nearest_camera,
    project_from_distance,
    radius,
    to_camera_frame,
)
from nrsfm_distill_mm.nrsfm import (
    CodesInfo,
    TeacherCodes,
    TeacherCodesError,
    load_teacher_codes,
    sample_key,
    save_teacher_codes,
    sort_by_key,
    teacher_codes_file,
)


@pytest.fixture
def codes() -> TeacherCodes:
    rng = np.random.default_rng(0)
    keys, _ = sort_by_key([f'{name}.jpg:{i}' for i, name in enumerate('dcab')])

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    return TeacherCodes(
        CodesInfo('h36m', -1, 'model = dict()', 'iter_1.pth 12ab', -0.25),
        dictionary=draw(7, 3, 6),
        keys=keys,
        code=draw(4, 6),
        camera=draw(4, 3, 2),
        code_flipped=draw(4, 6),
        camera_flipped=draw(4, 3, 2),
        side=draw(4),
        centre=draw(4, 2),
        visible=draw(4, 7),
        reprojection_error=draw(4),
    )


def test_round_trip(codes: TeacherCodes, tmp_path: Path) -> None:
    path = tmp_path / 'deep' / 'codes.safetensors'
    save_teacher_codes(path, codes)
    loaded = load_teacher_codes(path)
    assert loaded.info == codes.info
    for field in fields(codes):
        if field.name not in ('info', 'path'):
            expected = getattr(codes, field.name)
            np.testing.assert_array_equal(getattr(loaded, field.name), expected)
    assert loaded.teacher_id == codes.teacher_id
    assert [p.name for p in path.parent.iterdir()] == ['codes.safetensors']


def test_strides_of_arrays_do_not_matter(codes: TeacherCodes, tmp_path: Path) -> None:
    path = tmp_path / 'codes.safetensors'
    save_teacher_codes(path, replace(codes, camera=np.asfortranarray(codes.camera)))
    np.testing.assert_array_equal(load_teacher_codes(path).camera, codes.camera)


def test_look_up(codes: TeacherCodes) -> None:
    for row, key in enumerate(codes.keys):
        assert codes.row(key.decode()) == row
    for absent in ('aa.jpg:2', 'z.jpg:0', ''):
        with pytest.raises(TeacherCodesError, match='no code for sample'):
            codes.row(absent)


@pytest.mark.parametrize('inverse_distance', [0.0, 0.2])
def test_codes_project_as_the_teacher_does(
    codes: TeacherCodes, inverse_distance: float
) -> None:
    camera = nearest_camera(torch.from_numpy(codes.camera))
    info = replace(codes.info, inverse_distance=inverse_distance)
    centred = codes.dictionary - codes.dictionary.mean(0)
    visible = np.ones_like(codes.visible)
    visible[2, 3] = 0
    known = replace(codes, info=info, camera=camera.numpy(), dictionary=centred)
    shape = torch.from_numpy(centred @ codes.code[2])
    pose = to_camera_frame(shape, camera[2])
    seen = project_from_distance(pose, inverse_distance / radius(pose)).numpy()
    seen = seen - seen[visible[2] > 0].mean(0)
    expected = seen * codes.side[2] + codes.centre[2]
    found = replace(known, visible=visible).reprojected(2)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_longer_keys_are_not_cut(codes: TeacherCodes) -> None:
    longer = codes.keys[1].decode() + '0'
    with pytest.raises(TeacherCodesError, match=f'no code for sample "{longer}"'):
        codes.row(longer)


def test_look_up_takes_no_memory_per_row(codes: TeacherCodes) -> None:
    many = np.array([f'{i:07d}' for i in range(20_000)], dtype='S7')
    large = replace(codes, keys=many)
    tracemalloc.start()
    try:
        assert large.row('0012345') == 12345
        with pytest.raises(TeacherCodesError):
            large.row('00123456')
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < many.nbytes / 5


def test_keys_are_sorted_with_their_order() -> None:
    keys, order = sort_by_key(['b', 'cc', 'a'])
    assert keys.tolist() == [b'a', b'b', b'cc']
    assert order.tolist() == [2, 0, 1]
    assert sample_key('some/where/im.jpg', 7) == 'im.jpg:7'


def test_duplicate_keys_are_refused() -> None:
    with pytest.raises(TeacherCodesError, match='got "a" twice'):
        sort_by_key(['a', 'b', 'a'])


@pytest.mark.parametrize('change', [{'depth_sign': 1}, {'inverse_distance': 0.3}])
def test_sign_and_distance_are_part_of_the_teacher(
    codes: TeacherCodes, change: dict[str, Any]
) -> None:
    other = replace(codes, info=replace(codes.info, **change))
    assert other.teacher_id != codes.teacher_id


def test_missing_file_says_how_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match='do not exist; write them with'):
        load_teacher_codes(tmp_path / 'none.safetensors')


def test_other_files_are_refused(codes: TeacherCodes, tmp_path: Path) -> None:
    path = tmp_path / 'codes.safetensors'
    path.write_bytes(b'not safetensors')
    with pytest.raises(TeacherCodesError, match='expected a safetensors file'):
        load_teacher_codes(path)


def test_codes_of_another_release_are_refused(
    codes: TeacherCodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / 'codes.safetensors'
    with monkeypatch.context() as before:
        before.setattr(teacher_codes_file, 'SCHEMA_VERSION', '0')
        save_teacher_codes(path, codes)
    with pytest.raises(TeacherCodesError, match='schema version 3, got version 0'):
        load_teacher_codes(path)
