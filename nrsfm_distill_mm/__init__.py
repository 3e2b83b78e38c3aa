"""Learning 3D pose without 3D labels, as a plugin for MMPose.

Importing the package registers every component in MMPose's own registries:
``custom_imports = dict(imports=['nrsfm_distill_mm'])``. Where there is no MMEngine, the
mathematics (``geometry``, ``nrsfm``) can be imported, and nothing is registered.
"""

from nrsfm_distill_mm import _compat

__version__ = '0.1.0'

if _compat.has_mmengine():
    _compat.prepare()

    from nrsfm_distill_mm import (
        apis,
        codecs,
        datasets,
        evaluation,
        models,
        visualization,
    )

    __all__ = ['apis', 'codecs', 'datasets', 'evaluation', 'models', 'visualization']
