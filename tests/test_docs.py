"""The documentation is true: its examples run, its equations are where it says."""

import doctest
import importlib
import re
import subprocess
from pathlib import Path

import pytest
from mmengine.config import Config, DictAction

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
    place = ROOT / page
    for link in re.findall(r'\]\((?!https?:)([^)\s]+)', place.read_text()):
        target, _, section = link.partition('#')
        found = place.parent / target if target else place
        assert found.exists(), link
        assert not section or section in anchors(found), link


def anchors(page: Path) -> set[str]:
    """What a Markdown page's headings are linked by."""
    headings = re.findall(r'^#+ (.*)$', page.read_text(), re.M)
    return {re.sub(r'[^\w\- ]', '', h.lower()).replace(' ', '-') for h in headings}


def commands(page: Path) -> list[list[str]]:
    """The arguments of every ``python`` that a page's shell blocks run."""
    blocks = re.findall(r'^```bash\n(.*?)^```', page.read_text(), re.M | re.S)
    script = '\n'.join([r'python() { printf "%s\x1f" "$@"; printf "\x1e"; }', *blocks])
    script = script.replace('cd ', ': ')
    done = subprocess.run(
        ['bash', '-eu', '-c', script], capture_output=True, text=True, check=True
    )
    return [call.split('\x1f')[:-1] for call in done.stdout.split('\x1e')[:-1]]


def test_the_commands_for_the_tables_fit_the_configs() -> None:
    """Configs exist, options lead somewhere, and the report reads what is written."""
    found = commands(ROOT / 'docs/paper_tables.md')
    runs = [args for args in found if args[0] in ('tools/train.py', 'tools/test.py')]
    runs = [args for args in runs if args[1] != 'CONFIG']
    written = set()
    for args in runs:
        config = Config.fromfile(ROOT / args[1])
        start = (
            args.index('--cfg-options') + 1 if '--cfg-options' in args else len(args)
        )
        for option in args[start:]:
            key, _, value = option.partition('=')
            node = config
            for part in key.split('.')[:-1]:
                node = node[int(part) if part.isdigit() else part]
            if key == 'test_evaluator.out_file':
                written.add(str(Path(value).parent))
            else:
                own = DictAction._parse_iterable(value)
                config.merge_from_dict({key: own})
    report = next(args for args in found if args[1] == 'work_dirs/deep-nrsfm_h36m')
    assert report[0] == 'tools/report.py'
    assert set(report[1:]) == written
    assert len(runs) == 4 + 6 + 6 + 2
