"""A student as an ONNX file: ``export_onnx.py CONFIG CHECKPOINT --out student.onnx``.

The file takes ``crops``, float32 (N, 3, h, w), any N: RGB from 0 to 255, cut out around
people as the config's test pipeline does it; the normalisation is inside. It gives
``keypoints``, float32 (N, P, 3), in crop px: pixel k has its centre at k; x is right,
y is down, z is away from the viewer, from the root landmark. There is no flip test.
The metadata, in JSON, name the landmarks, the size of the crop, the root and the mean.

The file gets its name when ONNX Runtime has agreed with PyTorch on what it says.
Needs onnx, onnxscript and onnxruntime.
"""

import argparse
import importlib.util
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.registry import init_default_scope
from torch import Tensor, nn

import nrsfm_distill_mm
from nrsfm_distill_mm.apis.student import build_student, load_config, read_checkpoint

PACKAGES = ('onnx', 'onnxscript', 'onnxruntime')
OPSET = 20  # ONNX Runtime 1.17 and later read it
TOLERANCE = 1e-4  # crop widths


class ExportError(RuntimeError):
    """A student cannot be exported, or ONNX Runtime says other things than PyTorch."""


class CropsToKeypoints(nn.Module):
    """What is exported, as the module's docstring says.

    Args:
        student: a ``TopdownPose3DEstimator``.
    """

    def __init__(self, student: Any) -> None:
        super().__init__()
        self.student = student

    def forward(self, crops: Tensor) -> Tensor:
        """Keypoints (N, P, 3), crop px, from RGB crops (N, 3, h, w)."""
        preprocessor = self.student.data_preprocessor
        if not _takes_rgb(preprocessor):
            crops = crops.flip(1)
        if _normalises(preprocessor):
            crops = (crops - preprocessor.mean) / preprocessor.std
        head = self.student.head
        return head(self.student.extract_feat(crops)) * head.input_size[0]


def _takes_rgb(preprocessor: nn.Module) -> bool:
    """Pictures are BGR; MMEngine's preprocessors may reverse that."""
    return getattr(preprocessor, '_channel_conversion', False)


def _normalises(preprocessor: nn.Module) -> bool:
    return getattr(preprocessor, '_enable_normalize', False)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('config', help='config file of the student')
    parser.add_argument('checkpoint', help='checkpoint file of the student')
    parser.add_argument('--out', type=Path, required=True, help='file to write, .onnx')
    return parser.parse_args(argv)


def check_packages() -> None:
    """ImportError if one of PACKAGES is not there."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f'export needs {", ".join(missing)}: pip install {" ".join(missing)}'
        )


def check_output(out: Path) -> None:
    """OSError if no file can be written there."""
    if not out.parent.is_dir():
        raise FileNotFoundError(f'--out: no such folder "{out.parent}"')
    if out.is_dir():
        raise IsADirectoryError(f'--out: expected a file, "{out}" is a folder')
    if not os.access(out.parent, os.W_OK):
        raise PermissionError(f'--out: "{out.parent}" cannot be written to')


def load_student(config: str, checkpoint: str) -> Any:
    """The student of a config with the weights of a checkpoint, on the CPU.

    Raises:
        ExportError: it is given landmarks, which the file has no place for.
    """
    content = read_checkpoint(checkpoint)
    init_default_scope('mmpose')
    loaded = load_config(config, content['meta'], checkpoint)
    student = build_student(loaded, content, checkpoint)
    if student.head.reads_landmarks:
        raise ExportError(
            f'{config}: expected a student that finds its landmarks, got '
            f'{type(student.head).__name__}'
        )
    return student


def description(student: Any) -> dict[str, str]:
    """The metadata of the file, each value in JSON."""
    head, preprocessor = student.head, student.data_preprocessor
    meta = student.dataset_meta
    values: dict[str, Any] = {
        'dataset_name': meta['dataset_name'],
        'keypoint_names': [
            meta['keypoint_id2name'][i] for i in range(meta['num_keypoints'])
        ],
        'skeleton_links': [list(map(int, link)) for link in meta['skeleton_links']],
        'flip_indices': list(map(int, meta['flip_indices'])),
        'input_size': list(head.input_size),
        'root_index': head.root_index,
        'inverse_distance': head.inverse_distance,
        'colour_order': 'RGB',
        'axes': 'x right, y down, z away from the viewer; crop px; z from the root',
        'normalisation': 'inside',
        'version': nrsfm_distill_mm.__version__,
    }
    if _normalises(preprocessor):
        order = 1 if _takes_rgb(preprocessor) else -1
        for name in ('mean', 'std'):
            values[name] = getattr(preprocessor, name).flatten().tolist()[::order]
    return {name: json.dumps(value) for name, value in values.items()}


def write(student: Any, path: Path) -> None:
    """Export to a file, any number of crops at a time."""
    import onnx

    width, height = student.head.input_size
    program = torch.onnx.export(
        CropsToKeypoints(student).eval(),
        (torch.zeros(2, 3, height, width),),
        dynamo=True,
        opset_version=OPSET,
        input_names=['crops'],
        output_names=['keypoints'],
        dynamic_shapes={'crops': {0: torch.export.Dim('people')}},
        verbose=False,
    )
    content = program.model_proto
    onnx.helper.set_model_props(content, description(student))
    onnx.checker.check_model(content, full_check=True)
    onnx.save(content, str(path))


def difference(student: Any, path: Path) -> float:
    """Largest between ONNX Runtime and PyTorch, crop widths, for 1 and 3 crops."""
    import onnxruntime

    session = onnxruntime.InferenceSession(
        str(path), providers=['CPUExecutionProvider']
    )
    width, height = student.head.input_size
    generator, largest = torch.Generator().manual_seed(0), 0.0
    for count in (1, 3):
        coarse = torch.rand(count, 3, 9, 9, generator=generator) * 255
        crops = nn.functional.interpolate(coarse, (height, width), mode='bilinear')
        (found,) = session.run(None, {'crops': crops.numpy()})
        with torch.no_grad():
            expected = CropsToKeypoints(student)(crops).numpy()
        largest = max(largest, float(np.abs(found - expected).max()) / width)
    return largest


def export(student: Any, out: Path) -> float:
    """Write the file, whole and checked or not at all.

    Args:
        student: as `load_student` gives it.
        out: the file.

    Returns:
        the largest difference from PyTorch, crop widths.

    Raises:
        OSError: the file cannot be written.
        ExportError: ONNX Runtime gives other keypoints than PyTorch.
    """
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f'.{out.name}.') as folder:
        temporary = Path(folder) / 'student.onnx'
        write(student, temporary)
        found = difference(student, temporary)
        if not found <= TOLERANCE:
            raise ExportError(
                f'{out}: expected keypoints within {TOLERANCE} crop widths of '
                f"PyTorch's, got a difference of {found:.2g}; nothing was written"
            )
        os.replace(temporary, out)
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status: 0, or 1 if nothing was written."""
    args = parse_args(argv)
    try:
        check_packages()
        check_output(args.out)
        found = export(load_student(args.config, args.checkpoint), args.out)
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        line = ' '.join(str(error).split())
        print(f'{type(error).__name__}: {line}', file=sys.stderr)
        return 1
    size = args.out.stat().st_size / 1e6
    print(f'{args.out}: {size:.1f} MB, {found:.1e} crop widths from PyTorch')
    return 0


if __name__ == '__main__':
    sys.exit(main())
