"""Look at a teacher's answers, the worst first: wrong annotations are among them.

``python tools/browse_codes.py CODES_FILE --data CONFIG`` writes ``codes.csv``, with all
samples by reprojection error, and ``sheet_<N>.png``: annotation and reprojection over
the picture, and the 3D from front and side. CONFIG is of a teacher or a student, and
reads the samples which the codes were written for.
"""

import argparse
import csv
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from mmcv import imread
from mmengine.config import Config, DictAction
from mmengine.registry import init_default_scope
from mmpose.registry import DATASETS
from reporting.sources import data_sources

from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.datasets.transforms.crop_geometry import landmark_visibility
from nrsfm_distill_mm.files import complete_file
from nrsfm_distill_mm.geometry import mirror_depth, to_camera_frame
from nrsfm_distill_mm.nrsfm import (
    TeacherCodes,
    TeacherCodesError,
    load_teacher_codes,
    sample_key,
)
from nrsfm_distill_mm.visualization.code_sheet import CodeCell, code_sheet
from nrsfm_distill_mm.visualization.skeleton_style import style_of_metainfo

COLUMNS = ('rank', 'key', 'reprojection_error', 'worst_landmark', 'distance', 'image')
PER_SHEET = 24
GREY = 235
CANVAS = 256  # px, where there is no picture


class Place(NamedTuple):
    """Where a sample is: its row in the file of codes, its dataset and index there."""

    row: int
    dataset: Any
    index: int


class Sample(NamedTuple):
    """An annotation, and what the teacher's answer looks like in the picture.

    Attributes:
        row: in the file of codes.
        info: as the dataset has it.
        annotated: (P, 2) px. visible: (P,).
        reprojected: (P, 2) px.
        distances: (P,) between the two, in sides; 0 where hidden.
    """

    row: int
    info: dict[str, Any]
    annotated: Any
    visible: Any
    reprojected: Any
    distances: Any


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; names are those of MMPose's browse_dataset.py."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('codes_file', type=Path, help='file of teacher codes')
    parser.add_argument('--data', required=True, help='config file with the samples')
    parser.add_argument(
        '--phase', choices=['train', 'test', 'val'], default='train', help='of CONFIG'
    )
    parser.add_argument(
        '--output-dir', type=Path, help='default: browse, beside the file of codes'
    )
    parser.add_argument(
        '--max-items', type=int, default=48, help='how many are drawn: 48'
    )
    parser.add_argument(
        '--cfg-options', nargs='+', action=DictAction, help='overrides, key=value'
    )
    args = parser.parse_args(argv)
    if args.max_items < 0:
        parser.error(f'--max-items: expected 0 or more, got {args.max_items}')
    args.output_dir = args.output_dir or args.codes_file.parent / 'browse'
    return args


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 0 on success, 1 if a file is not what it has to be."""
    args = parse_args(argv)
    try:
        codes = load_teacher_codes(args.codes_file)
        config = Config.fromfile(args.data)
        config.merge_from_dict(args.cfg_options or {})
        metainfo, places = match(codes, config, args.phase)
        args.output_dir.mkdir(parents=True, exist_ok=True)
        table = args.output_dir / 'codes.csv'
        write_table(table, codes, places, metainfo)
        sheets = write_sheets(
            args.output_dir, codes, places[: args.max_items], metainfo
        )
    except (FileNotFoundError, TeacherCodesError, AnnotationError) as error:
        print(f'{type(error).__name__}: {error}', file=sys.stderr)
        return 1
    print(f'{table}: {len(places)} of {len(codes)} codes, worst first')
    print(*sheets, sep='\n')
    return 0


def match(
    codes: TeacherCodes, config: Config, phase: str
) -> tuple[dict[str, Any], list[Place]]:
    """The metainfo, and where the samples are that have codes, worst first.

    Raises:
        TeacherCodesError: codes of other landmarks, or of none of the samples.
    """
    init_default_scope(config.get('default_scope', 'mmpose'))
    rows = {key: row for row, key in enumerate(codes.keys.tolist())}
    found, first, metainfo = [], '', {}
    for source in data_sources(config[f'{phase}_dataloader'].dataset):
        dataset = DATASETS.build({**source, 'pipeline': []})  # no images are read
        dataset.full_init()
        metainfo = metainfo or dataset.metainfo
        own = dataset.metainfo
        codes.check_skeleton(
            'the samples have', own['dataset_name'], own['num_keypoints']
        )
        for i in range(len(dataset)):
            info = dataset.get_data_info(i)
            key = sample_key(info['img_path'], info['id'])
            first = first or key
            if (row := rows.get(key.encode())) is not None:
                found.append(Place(row, dataset, i))
    if not found:
        raise TeacherCodesError(
            f'{codes.path}: expected codes of the {phase} samples, such as "{first}"; '
            f'there are {len(codes)} of others, such as "{codes.keys[0].decode()}"; '
            '--phase chooses the samples'
        )
    found.sort(key=lambda place: -codes.reprojection_error[place.row])
    return metainfo, found


def compare(codes: TeacherCodes, place: Place) -> Sample:
    """A sample and the teacher's answer."""
    row, info = place.row, place.dataset.get_data_info(place.index)
    annotated = np.asarray(info['keypoints'], dtype=np.float64)[0, :, :2]
    visible, _ = landmark_visibility(np.asarray(info['keypoints_visible']))
    reprojected = codes.reprojected(row)
    distances = np.linalg.norm(reprojected - annotated, axis=1) / codes.side[row]
    distances[~visible] = 0
    if not has_picture(info):  # and any unit
        middle = (annotated[visible].max(0) + annotated[visible].min(0)) / 2
        scale = 0.7 * CANVAS / codes.side[row]
        annotated = (annotated - middle) * scale + CANVAS / 2
        reprojected = (reprojected - middle) * scale + CANVAS / 2
    return Sample(row, info, annotated, visible, reprojected, distances)


def write_table(
    path: Path,
    codes: TeacherCodes,
    places: Sequence[Place],
    metainfo: dict[str, Any],
) -> None:
    """Write the list of all samples, whole or not at all."""
    with (
        complete_file(path) as unfinished,
        unfinished.open('w', newline='', encoding='utf-8') as file,
    ):
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for rank, place in enumerate(places, start=1):
            sample = compare(codes, place)
            worst = int(sample.distances.argmax())
            writer.writerow(
                [
                    rank,
                    codes.keys[sample.row].decode(),
                    f'{codes.reprojection_error[sample.row]:.4f}',
                    metainfo['keypoint_id2name'][worst],
                    f'{sample.distances[worst]:.4f}',
                    sample.info['img_path'],
                ]
            )


def write_sheets(
    folder: Path,
    codes: TeacherCodes,
    places: Sequence[Place],
    metainfo: dict[str, Any],
) -> list[Path]:
    """Draw the samples, so many a sheet, and remove sheets of an earlier run."""
    style, written = style_of_metainfo(metainfo), []
    for start in range(0, len(places), PER_SHEET):
        part = places[start : start + PER_SHEET]
        cells = [
            cell_of(codes, compare(codes, place), rank, metainfo)
            for rank, place in enumerate(part, start=start + 1)
        ]
        path = folder / f'sheet_{start // PER_SHEET + 1}.png'
        with complete_file(path) as unfinished:
            code_sheet(cells, style).savefig(unfinished)
        written.append(path)
    for old in set(folder.glob('sheet_*.png')) - set(written):
        if old.stem.removeprefix('sheet_').isdigit():
            old.unlink()
    return written


def cell_of(
    codes: TeacherCodes, sample: Sample, rank: int, metainfo: dict[str, Any]
) -> CodeCell:
    """What the sheet shows of a sample."""
    row, worst = sample.row, int(sample.distances.argmax())
    shape = torch.from_numpy(codes.dictionary @ codes.code[row])
    pose = to_camera_frame(shape[None], torch.from_numpy(codes.camera[row])[None])
    if codes.info.depth_sign < 0:
        pose = mirror_depth(pose)
    name = metainfo['keypoint_id2name'][worst].replace('_', ' ')
    error = codes.reprojection_error[row]
    key = codes.keys[row].decode()
    return CodeCell(
        title=f'{rank}   {error:.1%}   {key if len(key) < 40 else "…" + key[-39:]}',
        caption=f'{name} is {sample.distances[worst]:.0%} of the size off',
        image=picture(sample),
        annotated=sample.annotated,
        visible=sample.visible,
        reprojected=sample.reprojected,
        pose=pose[0].numpy(),
        worst=worst,
    )


def has_picture(info: dict[str, Any]) -> bool:
    """Whether a sample is more than a row of an array of landmarks, a number."""
    path = Path(info['img_path'])
    return bool(path.suffix) or path.is_file()


def picture(sample: Sample) -> Any:
    """The picture (H, W, 3) RGB; grey if there is none.

    Raises:
        AnnotationError: it cannot be read.
    """
    path = Path(sample.info['img_path'])
    if not has_picture(sample.info):
        return np.full((CANVAS, CANVAS, 3), GREY, np.uint8)
    try:
        return imread(str(path), channel_order='rgb')
    except (OSError, cv2.error) as error:
        problem = f'{path}: expected an image, got none that opens'
        raise AnnotationError(problem) from error


if __name__ == '__main__':
    sys.exit(main())
