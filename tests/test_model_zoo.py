"""The model index tells the truth, and an installed package holds what it names."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from mmengine.config import Config

ROOT = Path(__file__).parents[1]
METAFILES = yaml.safe_load((ROOT / 'model-index.yml').read_text())['Import']
CONTENTS = [yaml.safe_load((ROOT / path).read_text()) for path in METAFILES]
COLLECTIONS = [c for content in CONTENTS for c in content.get('Collections', ())]
MODELS = [model for content in CONTENTS for model in content['Models']]
# Figures are quoted from these pages, which say how they were measured.
PAGES = {'demo': ['README.md'], 'teacher': ['docs/teacher.md']}

# What the training data of a config is read by, or from.
DATA = {
    'Human3.6M': 'data/h36m',
    'MPII': 'MpiiDistillDataset',
    'COCO': 'CocoDataset',
    'AP-10K': 'AP10KDataset',
    'LSP-extended': 'data/lsp',
    'Synthetic humans': '"data/synthetic_humans"',
    'Synthetic humans, 64 x 64 px': '"data/synthetic_humans_64"',
    '2D landmarks of your own': 'KeypointArrayDataset',
    'images with 2D landmarks of your own': 'KeypointArrayDataset',
}


def test_every_metafile_is_imported_and_nothing_else() -> None:
    found = {str(p.relative_to(ROOT)) for p in ROOT.glob('configs/**/metafile.yml')}
    assert sorted(found) == METAFILES


def test_every_config_that_trains_is_listed_once() -> None:
    leaves = (p for p in ROOT.glob('configs/*/*.py') if p.parent.name != '_base_')
    trained = {
        str(path.relative_to(ROOT))
        for path in leaves
        if not path.stem.endswith(('codes', '_lifter'))
    }
    assert sorted(model['Config'] for model in MODELS) == sorted(trained)


@pytest.mark.parametrize('model', MODELS, ids=lambda model: model['Name'])
def test_a_model_is_what_its_entry_says(model) -> None:
    names = {collection['Name'] for collection in COLLECTIONS}
    assert model['In Collection'] in names
    path = ROOT / model['Config']
    assert model['Name'].removeprefix('demo-') == path.stem
    # There are no weights to download: none were trained on data that may be shared.
    assert 'Weights' not in model
    data = json.dumps(Config.fromfile(path).train_dataloader.to_dict())
    named = model['Metadata']['Training Data']
    for name in [named] if isinstance(named, str) else named:
        assert DATA[name] in data
    for result in model.get('Results', ()):
        text = ''.join((ROOT / page).read_text() for page in PAGES[path.parent.name])
        for figure in result['Metrics'].values():
            assert re.search(rf'\b{figure}\b', text), figure


def test_names_are_unique() -> None:
    names = [model['Name'] for model in MODELS]
    assert len(set(names)) == len(names)


def test_pages_that_collections_name_exist() -> None:
    for collection in COLLECTIONS:
        assert (ROOT / collection['README']).is_file()
        assert collection['Paper']['URL'].startswith('https://')


def test_a_built_package_has_the_index_and_its_configs(tmp_path) -> None:
    build = ['build_py', '--build-lib', tmp_path / 'lib']
    subprocess.run(
        [sys.executable, 'setup.py', '-q', 'egg_info', '-e', tmp_path, *build],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    built = tmp_path / 'lib' / 'nrsfm_distill_mm' / '.mim'
    index = yaml.safe_load((built / 'model-index.yml').read_text())
    for metafile in index['Import']:
        for model in yaml.safe_load((built / metafile).read_text())['Models']:
            assert Config.fromfile(built / model['Config']).model
    assert (built / 'tools' / 'train.py').is_file()
    assert not [*built.rglob('__pycache__')]
