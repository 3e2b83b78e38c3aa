"""Learning 3D pose without 3D labels, as a plugin for MMPose.

Importing the package registers every component in MMPose's own registries:
``custom_imports = dict(imports=['nrsfm_distill_mm'])``.
"""

from nrsfm_distill_mm import _compat

__version__ = '0.1.0'

_compat.prepare()

from nrsfm_distill_mm import (  # noqa: E402
    codecs,
    datasets,
    evaluation,
    models,
    visualization,
)

__all__ = ['codecs', 'datasets', 'evaluation', 'models', 'visualization']
