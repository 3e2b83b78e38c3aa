"""Layers point one way, and files stay short: read from the source."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / 'nrsfm_distill_mm'
NAME = PACKAGE.name

# What each part may import of the package, besides itself.
ALLOWED = {
    'skeletons': set(),
    'checkpoints': set(),
    'files': set(),
    'stored_config': set(),
    'geometry': set(),
    'nrsfm': {'files', 'geometry', 'skeletons'},
    'synthetic': {'files', 'geometry', 'skeletons'},
    'codecs': {'geometry', 'nrsfm', 'skeletons'},
    'datasets': {'files', 'geometry', 'nrsfm', 'skeletons', 'synthetic'},
    'models': {'checkpoints', 'geometry', 'nrsfm', 'skeletons', 'stored_config'},
    'evaluation': {
        *('checkpoints', 'files', 'geometry', 'nrsfm', 'skeletons', 'stored_config')
    },
    'visualization': {'geometry', 'nrsfm', 'skeletons'},
}
PURE = ('checkpoints', 'files', 'skeletons', 'geometry', 'nrsfm', 'synthetic')
FRAMEWORKS = {'mmengine', 'mmcv', 'mmpose', 'mmdet'}
FILES = sorted(PACKAGE.rglob('*.py'))


def _imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            found |= {f'{node.module}.{alias.name}' for alias in node.names}
    return found


def _part(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix('.py')


@pytest.mark.parametrize('path', FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_layers(path: Path) -> None:
    part = _part(path)
    if part not in ALLOWED:
        return
    names = [n.split('.') for n in _imports(path)]
    ours = {n[1] for n in names if n[0] == NAME and len(n) > 1}
    assert ours <= ALLOWED[part] | {part}
    if part in PURE:
        assert not {n[0] for n in names} & FRAMEWORKS


@pytest.mark.parametrize('path', FILES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_files_are_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) < 200


def test_every_part_has_a_rule() -> None:
    roots = {_part(path) for path in FILES}
    assert roots - set(ALLOWED) <= {'__init__', '_compat', 'apis'}
