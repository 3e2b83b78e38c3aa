"""People in 3D: ``python tools/demo.py INPUTS [CONFIG] CHECKPOINT --out-dir DIR``.

INPUTS is a picture, a video, a folder, a quoted glob, or webcam:ID. Pictures and videos
of the poses go to DIR/visualizations, JSON files to DIR/predictions: what MMPose
writes, and keypoints_3d, in pixels from the root landmark (x right, y down, z away).
--views, --turntable, --vis-format and --html-out-dir make more of the pictures.
What cannot be read is named and left out, and the exit status is 1. Whoever is stopped,
but for a webcam, ends with 130.
"""

import argparse
import signal
import sys
from typing import Any

from mmengine.device import is_cuda_available

from nrsfm_distill_mm.apis import ImagePose3DInferencer

CONSTRUCTOR = ('device', 'det_model', 'det_weights', 'det_cat_ids', 'show_progress')


def parse_args(argv: list[str] | None = None) -> argparse.Namespace:
    """Read the command line; names are those of MMPose's demo/inferencer_demo.py."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage='%(prog)s INPUTS [CONFIG] CHECKPOINT --out-dir DIR [options]',
    )
    parser.add_argument('inputs', help='picture, video, folder, glob or webcam:ID')
    parser.add_argument(
        'model',
        nargs='+',
        metavar='CONFIG CHECKPOINT',
        help='the student; its config may be left out, as the checkpoint holds it',
    )
    parser.add_argument('--out-dir', help='folder for pictures and predictions')
    parser.add_argument('--vis-out-dir', help='folder for pictures alone')
    parser.add_argument('--pred-out-dir', help='folder for predictions alone')
    parser.add_argument(
        '--html-out-dir',
        help='folder for pages, one file each, whose poses can be turned by hand',
    )
    parser.add_argument(
        '--views',
        default='front,side',
        help='some of front, side and top, with commas between; default %(default)s',
    )
    parser.add_argument(
        '--turntable',
        action='store_true',
        help="write a turn of each picture's people too, beside the picture",
    )
    parser.add_argument(
        '--vis-format',
        default='mp4',
        help='of videos and turntables: mp4, or gif (at most 640 px wide and 12 frames '
        'a second); default %(default)s',
    )
    parser.add_argument('--show', action='store_true', help='show each in a window')
    parser.add_argument('--device', help='cpu, cuda:0, ...')
    people = parser.add_argument_group('whom to look at')
    people.add_argument('--bboxes', help='JSON file of boxes, by file name')
    people.add_argument(
        '--keypoints',
        help='JSON file of landmarks, by file name, or folder of what a 2D inferencer '
        'of MMPose has predicted; for students that are given landmarks',
    )
    people.add_argument(
        '--det-model',
        help='config or name of a detector of MMDetection, or whole_image where each '
        "picture shows one person; default: MMPose's RTMDet for people",
    )
    people.add_argument('--det-weights', help='checkpoint of the detector')
    people.add_argument(
        '--det-cat-ids',
        type=int,
        nargs='+',
        help="the detector's classes that count; default those of MMPose's own, or 0",
    )
    people.add_argument('--bbox-thr', type=float, default=0.3, help='least score')
    people.add_argument('--nms-thr', type=float, default=0.3, help='most overlap')
    parser.add_argument('--batch-size', type=int, default=1, help='frames at once')
    parser.add_argument(
        '--smooth', action='store_true', help='filter over time (one-euro), in videos'
    )
    parser.add_argument(
        '--tracking-thr', type=float, default=0.3, help='least overlap of a track'
    )
    parser.add_argument(
        '--num-instances', type=int, default=-1, help='3D views; -1: as many as people'
    )
    parser.add_argument('--draw-bbox', action='store_true')
    parser.add_argument('--kpt-thr', type=float, default=0.3)
    parser.add_argument('--black-background', action='store_true')
    parser.add_argument('--show-progress', action='store_true')
    args = parser.parse_args(argv)
    if len(args.model) > 2:
        parser.error(f'expected CONFIG and CHECKPOINT, got {args.model}')
    folders = (args.out_dir, args.vis_out_dir, args.pred_out_dir, args.html_out_dir)
    if not (any(folders) or args.show):
        parser.error('nothing would come out: give --out-dir or --show')
    if (args.device or '').startswith('cuda') and not is_cuda_available():
        parser.error(f'--device: there is no CUDA GPU for "{args.device}"')
    return args


def run(args: dict[str, Any]) -> int:
    """Infer all inputs; gives the number of pictures and frames."""
    inputs, model = args.pop('inputs'), args.pop('model')
    config = model[0] if len(model) > 1 else None
    made = {name: args.pop(name) for name in CONSTRUCTOR}
    inferencer = ImagePose3DInferencer(config, model[-1], **made)
    call = {name: value for name, value in args.items() if value is not None}
    return sum(len(result['predictions']) for result in inferencer(inputs, **call))


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0, 1 if something could not be done, or 130 if it was stopped."""
    args = parse_args(argv)
    endless = args.inputs.lower().partition(':')[0] == 'webcam'
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        print(f'{run(vars(args))} pictures or frames')
    except (OSError, ValueError, ImportError, RuntimeError) as error:
        print(f'{type(error).__name__}: {error}', file=sys.stderr)
        return 1
    except KeyboardInterrupt:  # the way to leave a webcam; what was seen is written
        print('stopped', file=sys.stderr)
        return 0 if endless else 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
