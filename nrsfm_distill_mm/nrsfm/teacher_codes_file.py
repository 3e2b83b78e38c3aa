"""The file of teacher codes: ``.safetensors``, opened memory-mapped."""

import os
from dataclasses import fields
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.numpy import save_file

from nrsfm_distill_mm.files import complete_file
from nrsfm_distill_mm.nrsfm.teacher_codes import (
    CodesInfo,
    TeacherCodes,
    TeacherCodesError,
)

SCHEMA_VERSION = '3'


def save_teacher_codes(path: str | os.PathLike[str], codes: TeacherCodes) -> None:
    """Write a file of codes, whole or not at all."""
    # safetensors writes the memory of an array as it lies there, whatever its strides.
    arrays = {name: np.ascontiguousarray(getattr(codes, name)) for name in _STORED}
    width = codes.keys.dtype.itemsize
    raw = codes.keys.view(np.uint8).reshape(len(codes), width)
    arrays['keys'] = raw.copy()
    info = {k: str(v) for k, v in vars(codes.info).items()}
    info['schema_version'] = SCHEMA_VERSION
    with complete_file(Path(path)) as unfinished:
        save_file(arrays, unfinished, metadata=info)


def load_teacher_codes(path: str | os.PathLike[str]) -> TeacherCodes:
    """Open a file of codes memory-mapped.

    Raises:
        FileNotFoundError: no such file, with the command that writes one.
        TeacherCodesError: not a file of codes, or of another schema version.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(
            f'teacher codes "{path}" do not exist; write them with '
            '"python tools/test.py configs/teacher/<teacher>_codes.py CHECKPOINT"'
        )
    try:
        with safe_open(path, framework='pt') as file:
            info = file.metadata() or {}
            arrays = {name: file.get_tensor(name).numpy() for name in _STORED}
    except Exception as error:
        raise TeacherCodesError(
            f'{path}: expected a safetensors file of teacher codes: {error}'
        ) from error
    version = info.get('schema_version')
    if version != SCHEMA_VERSION:
        raise TeacherCodesError(
            f'{path}: expected teacher codes of schema version {SCHEMA_VERSION}, got '
            f'version {version}; write them again with this release'
        )
    keys = arrays.pop('keys')
    arrays['keys'] = keys.view(f'S{keys.shape[1]}').reshape(-1)
    origin = {f.name: f.type(info[f.name]) for f in fields(CodesInfo)}  # type: ignore
    return TeacherCodes(CodesInfo(**origin), path=str(path), **arrays)


_STORED = tuple(f.name for f in fields(TeacherCodes) if f.name not in ('info', 'path'))
