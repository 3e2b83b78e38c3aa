"""The laws of `_compat`: a clear refusal, and stand-ins only for what is missing."""

import importlib
import importlib.util
import subprocess
import sys
import textwrap
from types import ModuleType

import pytest
from layouts import REPO

from nrsfm_distill_mm import _compat
from nrsfm_distill_mm._compat import Borrowed, DependencyError, Requirement

WANTED = Requirement('pose_lib', '1.2', '2.0', "pip install 'pose_lib>=1.2,<2.0'")
LOAN = Borrowed('pose_lib.parts', ('Part', 'assemble'), 'pip install pose_lib')


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Returns a function that writes a module where Python finds it."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(_compat, 'BORROWED', (LOAN,))

    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(textwrap.dedent(text))
        importlib.invalidate_caches()

    yield write
    for name in [name for name in sys.modules if name.startswith('pose_lib')]:
        del sys.modules[name]


@pytest.mark.parametrize(
    ('found', 'accepted'),
    [
        ('1.2.0', True),  # the lowest
        ('1.10', True),  # compared as numbers
        ('1.3.2+cpu', True),  # with a build tag
        ('1.1.9', False),
        ('2.0.0rc1', False),  # the limit is outside, and so are its candidates
        ('2.4', False),
    ],
)
def test_versions_are_compared_as_numbers(write, found, accepted):
    write('pose_lib.py', f"__version__ = '{found}'\n")
    if accepted:
        _compat.check(WANTED)
    else:
        with pytest.raises(
            DependencyError, match=rf'pose_lib>=1\.2,<2\.0.*{found[:3]}'
        ):
            _compat.check(WANTED)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        (None, "but found none. Type: pip install 'pose_lib>=1.2,<2.0'"),
        ('', 'but found no version'),
        ('import pose_pkg', "No module named 'pose_pkg'. Type: pip install pose_pkg"),
        ("raise ModuleNotFoundError(name='cv2')", 'opencv-python-headless'),
        ("raise ValueError('dtype size')", 'importing pose_lib fails: dtype size'),
    ],
)
def test_a_refusal_says_what_is_wrong_and_what_to_type(write, text, message):
    if text is not None:
        write('pose_lib.py', text)
    with pytest.raises(DependencyError) as caught:
        _compat.check(WANTED)
    assert message in str(caught.value)
    assert '\n' not in str(caught.value)
    assert caught.value.name == 'pose_lib'


def test_a_stand_in_can_be_imported_and_annotated_with_but_not_used(write):
    with _compat.stand_ins():
        parts = importlib.import_module('pose_lib.parts')
        assert parts.Part | None
        assert not isinstance(3, parts.Part)
        with pytest.raises(ImportError, match=r'type: pip install pose_lib'):
            parts.assemble(3, strict=True)
        with pytest.raises(ImportError):
            importlib.import_module('pose_lib.others')


def test_a_stand_in_is_gone_afterwards(write):
    with _compat.stand_ins():
        assert 'pose_lib' in sys.modules
    assert importlib.util.find_spec('pose_lib') is None
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module('pose_lib')


def test_what_is_real_wins(write):
    write('pose_lib/__init__.py', '')
    write('pose_lib/parts.py', 'Part = assemble = list\n')
    with _compat.stand_ins():
        assert importlib.import_module('pose_lib.parts').Part is list


def test_a_real_root_keeps_its_place_when_only_a_part_is_missing(write):
    write('pose_lib/__init__.py', "__version__ = '1.5'\n")
    with _compat.stand_ins():
        assert importlib.import_module('pose_lib').__version__ == '1.5'
        assert isinstance(importlib.import_module('pose_lib.parts'), ModuleType)
    assert 'pose_lib.parts' not in sys.modules


def test_a_broken_installation_still_tells_its_version(write, tmp_path):
    write('pose_lib/__init__.py', "raise RuntimeError('built for another torch')\n")
    write('pose_lib-1.6.dist-info/METADATA', 'Name: pose_lib\nVersion: 1.6\n')
    with _compat.stand_ins():
        pass
    assert importlib.import_module('pose_lib').__version__ == '1.6'


def test_a_package_that_refuses_its_surroundings_is_reported(write):
    write('pose_lib/__init__.py', "assert False, 'mmcv==2.2.0 is incompatible'\n")
    with (
        pytest.raises(DependencyError, match=r'pose_lib .* refuses: mmcv==2\.2\.0'),
        _compat.stand_ins(),
    ):
        pass


@pytest.mark.parametrize(
    'part', ['apis', 'codecs', 'datasets', 'engine', 'evaluation', 'models']
)
def test_mmpose_can_be_imported(part):
    importlib.import_module(f'mmpose.{part}')


def test_the_guards_of_mmpose_see_what_is_really_installed():
    from mmpose.apis.inferencers import base_mmpose_inferencer

    try:
        importlib.import_module('mmdet.apis')
        works = True
    except ImportError:  # absent, or without the operators that it needs
        works = False
    assert base_mmpose_inferencer.has_mmdet == works


def test_mmengine_can_describe_the_environment():
    from mmengine.utils.dl_utils import collect_env

    assert 'MMEngine' in collect_env()


def test_the_mathematics_needs_no_mmengine_and_no_compiler(tmp_path):
    code = """
        import sys

        class Absent:
            def find_spec(self, name, path=None, target=None):
                if name.partition('.')[0] in {'mmengine', 'mmcv', 'mmpose', 'mmdet'}:
                    raise ModuleNotFoundError(name, name=name)

        sys.meta_path.insert(0, Absent())
        import torch
        from nrsfm_distill_mm.nrsfm import exact_cost, upper_bound_cost

        depth, code = torch.zeros(2, 4), torch.rand(2, 9)
        camera = torch.eye(3, 2).repeat(2, 1, 1)
        rest = code, camera, torch.randn(4, 3, 9), torch.zeros(2, 4, 2)
        assert (exact_cost(depth, *rest) <= upper_bound_cost(depth, *rest)).all()
        assert not {'mmengine', 'mmcv', 'mmpose', 'torch._dynamo'} & set(sys.modules)
    """
    command = [sys.executable, '-c', textwrap.dedent(code)]
    subprocess.run(command, check=True, cwd=REPO)
