"""Installs nrsfm_distill_mm.

MMEngine, mmcv and MMPose are checked when the package is imported, not required
here: each has more than one distribution that provides it.
"""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).parent
INIT = (ROOT / 'nrsfm_distill_mm' / '__init__.py').read_text(encoding='utf-8')
README = ROOT / 'README.md'


class BuildWithModelZoo(build_py):
    """Puts model index, configs and tools where ``mim`` looks for them.

    That is ``.mim`` in the package. An editable install has no such place: ``mim`` does
    not follow it to its sources.
    """

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        target = Path(self.build_lib, 'nrsfm_distill_mm', '.mim')
        shutil.rmtree(target, ignore_errors=True)
        unwanted = shutil.ignore_patterns('__pycache__')
        for name in ('configs', 'tools'):
            shutil.copytree(ROOT / name, target / name, ignore=unwanted)
        shutil.copy2(ROOT / 'model-index.yml', target)


setup(
    name='nrsfm-distill-mm',
    version=re.search(r"^__version__ = '(.+)'$", INIT, re.MULTILINE)[1],
    description='3D pose without 3D labels: NRSfM distillation for MMPose',
    long_description=README.read_text(encoding='utf-8') if README.exists() else '',
    long_description_content_type='text/markdown',
    license='Apache-2.0',
    packages=find_packages(include=['nrsfm_distill_mm', 'nrsfm_distill_mm.*']),
    package_data={'nrsfm_distill_mm': ['visualization/*.html']},
    cmdclass={'build_py': BuildWithModelZoo},
    python_requires='>=3.10',
    install_requires=[
        'matplotlib',
        'numpy>=1.23,<2.4',
        'pillow',
        'rich',
        'safetensors',
        'scipy',
        'torch>=2.4',
    ],
)
