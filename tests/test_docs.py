"""The documentation is true: its examples run, its equations are where it says."""

import doctest
import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ROWS = re.findall(
    r'^\| (\d+) \|.*\| `([\w.]+)` \|$', (ROOT / 'docs/paper_map.md').read_text(), re.M
)


def test_conventions_hold() -> None:
    failed, attempted = doctest.testfile(
        str(ROOT / 'docs/conventions.md'), module_relative=False
    )
    assert attempted > 15
    assert failed == 0


@pytest.mark.parametrize(('equation', 'place'), ROWS)
def test_equations_are_cited_where_the_map_says(equation: str, place: str) -> None:
    module, name = place.rsplit('.', 1)
    found = getattr(importlib.import_module(f'nrsfm_distill_mm.{module}'), name)
    cited = re.findall(r'Eqs?\. \(\d+\)(?:(?:,| and)? \(\d+\))*', found.__doc__)
    assert equation in re.findall(r'\d+', ' '.join(cited))


def test_the_map_is_complete() -> None:
    source = ''.join(
        path.read_text() for path in (ROOT / 'nrsfm_distill_mm').rglob('*.py')
    )
    cited = set(re.findall(r'Eq\. \((\d+)\)', source))
    assert cited <= {equation for equation, _ in ROWS}


@pytest.mark.parametrize(
    'page', ['README.md', *(f'docs/{p.name}' for p in (ROOT / 'docs').glob('*.md'))]
)
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text()
    for target in re.findall(r'\]\((?!https?:|#)([^)#]+)', text):
        assert ((ROOT / page).parent / target).exists(), target
