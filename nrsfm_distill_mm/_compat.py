"""What must hold before MMPose can be imported: versions, and stand-ins.

MMPose imports compiled mmcv operators, mmdet and torchvision for three models
that this package never builds. Where one of them is missing, a stand-in takes
its place while MMPose is imported, and only then: afterwards ``import mmdet``
fails as it should, and MMPose's own guards see the truth.
"""

import importlib
import importlib.util
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib import metadata
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import NamedTuple, NoReturn


class DependencyError(ImportError):
    """A dependency is missing, broken, or of a version that does not work."""


class Requirement(NamedTuple):
    """An import name, the versions that work, and what to type for one."""

    name: str
    lowest: str
    below: str
    command: str

    def __str__(self) -> str:
        return f'{self.name}>={self.lowest},<{self.below}'


class Borrowed(NamedTuple):
    """What MMPose takes from a module that may be missing; what to type for it."""

    module: str
    names: tuple[str, ...]
    command: str


REQUIREMENTS = (
    Requirement('numpy', '1.23', '2.4', "pip install 'numpy>=1.23,<2.4'"),
    Requirement('torch', '2.4', '3.0', "pip install 'torch>=2.4,<3.0'"),
    Requirement('mmengine', '0.10', '1.0', "pip install 'mmengine>=0.10,<1.0'"),
    Requirement('mmcv', '2.0', '3.0', 'pip install --no-deps mmcv-lite==2.1.0'),
    Requirement('mmpose', '1.2', '2.0', 'pip install --no-deps mmpose==1.3.2'),
)

XTCOCOTOOLS = Requirement(
    'xtcocotools',
    '1.13',
    '2.0',
    'pip install --force-reinstall --no-deps --no-build-isolation '
    '--no-binary xtcocotools xtcocotools',
)

ODD_NAMES = {'cv2': 'opencv-python-headless', 'pkg_resources': "'setuptools<81'"}

BORROWED = (
    Borrowed('mmcv.ops', ('MultiScaleDeformableAttention',), 'mim install mmcv'),
    Borrowed('mmdet.utils', ('ConfigType', 'reduce_mean'), 'mim install mmdet'),
    Borrowed('torchvision.transforms', ('ToPILImage',), 'pip install torchvision'),
)


@cache
def has_mmengine() -> bool:
    """Whether there is anything to plug into."""
    try:
        return importlib.util.find_spec('mmengine') is not None
    except ModuleNotFoundError:
        return False


def prepare() -> None:
    """Checks the installed versions, then imports MMPose.

    Raises:
        DependencyError: If a dependency is missing, broken or of another
            version; the message says which, what is wanted and what to type.
    """
    for requirement in REQUIREMENTS:
        check(requirement)
    load('xtcocotools.mask', XTCOCOTOOLS)
    with stand_ins(), warnings.catch_warnings():
        warnings.filterwarnings('ignore', 'Fail to import', UserWarning)
        for part in ('models', 'visualization', 'datasets', 'evaluation'):
            load(f'mmpose.{part}', requirement)


def check(requirement: Requirement) -> None:
    """Raises a `DependencyError` unless the requirement is met."""
    module = load(requirement.name, requirement)
    found = getattr(module, '__version__', 'no version')
    lowest, below = _number(requirement.lowest), _number(requirement.below)
    if not lowest <= _number(found) < below:
        _refuse(requirement, f'found {found}')


def load(module: str, requirement: Requirement) -> ModuleType:
    """Imports a module; whatever goes wrong becomes a `DependencyError`."""
    try:
        return importlib.import_module(module)
    except DependencyError:
        raise
    except Exception as error:
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing == requirement.name:
            _refuse(requirement, 'found none', error)
        if missing and not missing.startswith(requirement.name):
            command = f'pip install {ODD_NAMES.get(missing, missing)}'
            requirement = requirement._replace(command=command)
        _refuse(requirement, f'importing {module} fails: {error}', error)


@contextmanager
def stand_ins() -> Iterator[None]:
    """Within it, what MMPose borrows and is missing can be imported."""
    added: dict[str, ModuleType] = {}
    for borrowed in BORROWED:
        if (error := _failure(borrowed)) is not None:
            added |= _substitutes(borrowed, error)
    sys.modules.update(added)
    try:
        yield
    finally:
        for name in added:
            _withdraw(name)


def _failure(borrowed: Borrowed) -> Exception | None:
    """Says why a borrowed module cannot be imported; None if it can."""
    try:
        importlib.import_module(borrowed.module)
    except AssertionError as error:  # present, and refuses its surroundings
        root = borrowed.module.partition('.')[0]
        raise DependencyError(f'{root} is installed, but refuses: {error}') from error
    except Exception as error:  # missing, or built for something else
        return error
    return None


def _substitutes(borrowed: Borrowed, error: Exception) -> dict[str, ModuleType]:
    """Builds stand-in modules: the borrowed one and, if missing, its root."""
    root = borrowed.module.partition('.')[0]
    names = {borrowed.module} if root in sys.modules else {root, borrowed.module}
    modules = {name: _module(name) for name in names}
    for name in borrowed.names:
        setattr(modules[borrowed.module], name, _stand_in(name, borrowed, error))
    return modules


def _module(name: str) -> ModuleType:
    module = ModuleType(name, 'A stand-in: see nrsfm_distill_mm._compat.')
    module.__spec__ = ModuleSpec(name, None)
    return module


def _stand_in(name: str, borrowed: Borrowed, cause: Exception) -> type:
    """Makes a class that can be imported and annotated with, not called."""

    def refuse(cls: type, *args: object, **kwargs: object) -> NoReturn:
        raise ImportError(
            f'{borrowed.module}.{name} is not available here ({cause}); '
            f'type: {borrowed.command}'
        )

    return type(name, (), {'__new__': refuse, '__module__': borrowed.module})


def _withdraw(name: str) -> None:
    """Takes a stand-in away; a root that is installed but broken stays.

    MMEngine reports ``torchvision.__version__`` and survives its absence only.
    """
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        del sys.modules[name]
    else:
        sys.modules[name].__version__ = version  # type: ignore[attr-defined]


def _number(version: str) -> tuple[int, ...]:
    """The first two parts of a version: '2.13.0+cpu' -> (2, 13)."""
    return tuple(int(part) for part in re.findall(r'\d+', version)[:2])


def _refuse(
    wanted: Requirement, problem: str, cause: Exception | None = None
) -> NoReturn:
    message = f'nrsfm_distill_mm needs {wanted}, but {problem}. Type: {wanted.command}'
    raise DependencyError(message, name=wanted.name) from cause
