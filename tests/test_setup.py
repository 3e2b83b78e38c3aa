"""A set-up that cannot succeed ends with one line that says what to do."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ['bash', 'cat', 'cksum', 'dirname', 'rm', 'touch', 'tr']
FAKE_PYTHON = '#!/bin/sh\n[ "$1" = -V ] && echo Python 3.13.0 || echo 3.13\n'


@pytest.fixture
def project(tmp_path):
    """A copy of what a set-up reads, and a PATH with hardly anything on it."""
    for name in ('requirements', 'scripts'):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / 'setup.py', tmp_path)
    (tmp_path / 'bin').mkdir()
    for tool in TOOLS:
        (tmp_path / 'bin' / tool).symlink_to(shutil.which(tool))
    return tmp_path


def set_up(project, **env):
    """Runs the set-up, which must fail; returns what it says."""
    command = [str(project / 'scripts' / 'setup.sh')]
    env = {'PATH': str(project / 'bin'), **env}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith('set-up: ')
    assert done.stderr.count('\n') == 1
    return done.stderr


def write_fake_python(path):
    path.write_text(FAKE_PYTHON)
    path.chmod(0o755)
    return str(path)


def test_another_python_on_the_path(project):
    write_fake_python(project / 'bin' / 'python3')
    said = set_up(project)
    assert 'Python 3.10, 3.11 or 3.12 is needed, and python3 is Python 3.13.0' in said
    assert 'PYTHON=/path/to/python3.11' in said


def test_no_python_at_all(project):
    assert 'python3 is missing; install one' in set_up(project)


def test_another_python_asked_for(project):
    python = write_fake_python(project / 'python')
    said = set_up(project, PYTHON=python)
    assert f'PYTHON={python} is Python 3.13.0, but' in said


def test_no_compiler(project):
    said = set_up(project, PYTHON=sys.executable)
    assert 'compiler is needed and none was found; install one' in said


def test_no_package_index(project):
    env = {k: v for k, v in os.environ.items() if not k.startswith('PIP_')}
    nowhere = {'PIP_INDEX_URL': 'http://127.0.0.1:9/simple', 'PIP_RETRIES': '1'}
    isolated = {'PIP_CONFIG_FILE': os.devnull, 'PIP_NO_CACHE_DIR': '1'}
    env |= nowhere | isolated | {'PYTHON': sys.executable}
    assert 'package index cannot be reached; check the network' in set_up(
        project, **env
    )
    assert (project / '.venv.unfinished').exists()
