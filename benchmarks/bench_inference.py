"""What a student costs beside MMPose's 2D integral head on the same backbone.

    python benchmarks/bench_inference.py
    python benchmarks/bench_inference.py --students res50 --batches 32 --rounds 3

1. inference: milliseconds per person, and people per second, in PyTorch (float32; half
   precision: bfloat16 on a CPU, float16 on a GPU) and, on the CPU and where they are
   installed, as ONNX files in ONNX Runtime. From crops of noise to coordinates.
2. training: forward and backward of backbone and head, in float32 and, as ``--amp`` of
   tools/train.py trains, in half precision.
3. soft_argmax: time, and the most memory at a time, beside the form with ``softmax``.
4. channels_last: how much faster narrow students, not those of ``--students``, are with
   that option than without it, in float32.

The 2D network is ``IntegralRegressionHead`` (Sun et al. 2018) with the same
deconvolutions. All that is compared has its turn in every round, in one process; times
are medians over rounds, ratios medians of a round's ratios. Times on the CPU are
processor time: people per second are those of one thread (OMP_NUM_THREADS=1) that has a
processor for itself. Where there is a GPU it is measured too. Tables and results, with
their provenance, go to ``--out``.
"""

import argparse
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import mmengine
import torch
from bench_teacher import provenance, show
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.profiler import profile

from nrsfm_distill_mm.geometry import cell_centres, depth_centres, soft_argmax_3d

CONFIGS = Path(__file__).parents[1] / 'configs' / 'student'
DEMO = CONFIGS.with_name('demo')
STUDENTS = {
    'res18': CONFIGS / 'distill_res18_synthetic-128x128.py',
    'res50': CONFIGS / 'distill_res50_h36m-256x256.py',
}
NARROW = {
    'demo': DEMO / 'distill.py',
    'demo, local': DEMO / 'weaksup-local.py',
    'strips': CONFIGS / 'weaksup-strips_synthetic-256x256.py',
    'strips, finds 2D': CONFIGS / 'weaksup-strips_res18_synthetic-256x256.py',
}
ONNX = ('onnx', 'onnxscript', 'onnxruntime')
POINTS = 17
Call = Callable[[], Any]


class Network(nn.Module):
    """Backbone and head: coordinates from crops.

    Args:
        backbone: config.
        head: config.
    """

    def __init__(self, backbone: Any, head: Any) -> None:
        super().__init__()
        self.backbone, self.head = MODELS.build(backbone), MODELS.build(head)

    def forward(self, crops: Tensor) -> Tensor:
        """(N, P, 2 or 3) from (N, 3, h, w)."""
        coords = self.head(self.backbone(crops))
        return coords[0] if isinstance(coords, tuple) else coords


def networks(name: str) -> tuple[dict[str, Network], int]:
    """The student and its 2D peer, and the edge of the crop, px."""
    init_default_scope('mmpose')
    model = Config.fromfile(STUDENTS[name]).model
    model.backbone.init_cfg = None
    model.head.depth_loss = None
    edge = model.head.input_size[0]
    peer = {
        'type': 'IntegralRegressionHead',
        'in_channels': model.head.in_channels,
        'in_featuremap_size': (edge // 32, edge // 32),
        'num_joints': model.head.num_joints,
    }
    heads = {'3D': model.head, '2D': peer}
    return {kind: Network(model.backbone, head) for kind, head in heads.items()}, edge


def forward_calls(network: Network, crops: Tensor, folder: Path) -> dict[str, Call]:
    """Inference by engine, everything ready."""
    network.eval()
    half = half_precision(crops)

    def run(autocast: bool) -> None:
        with (
            torch.inference_mode(),
            torch.autocast(crops.device.type, half, enabled=autocast),
        ):
            network(crops)

    calls: dict[str, Call] = {
        'float32': lambda: run(False),
        str(half).removeprefix('torch.'): lambda: run(True),
    }
    if all(importlib.util.find_spec(name) for name in ONNX) and not crops.is_cuda:
        calls['ONNX Runtime'] = onnx_call(network, crops, folder)
    return calls


def half_precision(crops: Tensor) -> torch.dtype:
    """What a device calculates faster in."""
    return torch.float16 if crops.is_cuda else torch.bfloat16


def onnx_call(network: Network, crops: Tensor, folder: Path) -> Call:
    """The same in ONNX Runtime, with as many threads as PyTorch has."""
    import onnxruntime

    path = str(folder / 'network.onnx')
    shapes = {'crops': {0: torch.export.Dim('people')}}
    torch.onnx.export(
        network,
        (crops[:1].expand(2, -1, -1, -1),),
        path,
        dynamo=True,
        dynamic_shapes=shapes,
        input_names=['crops'],
        external_data=False,
        verbose=False,
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    session = onnxruntime.InferenceSession(
        path, options, providers=['CPUExecutionProvider']
    )
    given = {'crops': crops.numpy()}
    return lambda: session.run(None, given)


def learn_calls(network: Network, crops: Tensor) -> dict[str, Call]:
    """Forward and backward, by precision."""
    network.train()
    half = half_precision(crops)

    def learn(autocast: bool) -> None:
        network.zero_grad()
        with torch.autocast(crops.device.type, half, enabled=autocast):
            coords = network(crops)
        coords.float().square().mean().backward()

    return {
        'float32': partial(learn, False),
        str(half).removeprefix('torch.'): partial(learn, True),
    }


def take_turns(
    calls: dict[str, Call], rounds: int, device: str
) -> dict[str, list[float]]:
    """Seconds of each call, a list over rounds, after a warm-up.

    On the CPU of processor time, which other work beside it lengthens less.
    """
    now = time.perf_counter if device == 'cuda' else time.process_time
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds + 1):
        for name, call in calls.items():
            start = now()
            call()
            if device == 'cuda':
                torch.cuda.synchronize()
            spent[name].append(now() - start)
    return {name: values[1:] for name, values in spent.items()}


def ratio(ours: list[float], peers: list[float]) -> dict[str, float]:
    """Of each round: median and extremes."""
    ratios = [ours_ / peer for ours_, peer in zip(ours, peers, strict=True)]
    return {
        'ratio': statistics.median(ratios),
        'lowest': min(ratios),
        'highest': max(ratios),
    }


def compare(spent: dict[str, list[float]], count: int) -> dict[str, float]:
    """A row's figures, of count people, from the seconds of '3D' and '2D'."""
    milliseconds = {k: 1e3 * statistics.median(v) / count for k, v in spent.items()}
    return {
        'ms_per_person': milliseconds['3D'],
        'ms_per_person_2D': milliseconds['2D'],
        'people_per_second': 1e3 / milliseconds['3D'],
    } | ratio(spent['3D'], spent['2D'])


def devices() -> list[str]:
    return ['cpu', 'cuda'] if torch.cuda.is_available() else ['cpu']


def cases(args: argparse.Namespace) -> Iterator[tuple[dict[str, Any], Any, Tensor]]:
    """Student, device and batch size: the row's start, networks, and crops."""
    for device in devices():
        for name in args.students:
            found, edge = networks(name)
            for network in found.values():
                network.to(device)
            for count in args.batches:
                row = {'device': device, 'student': name, 'batch': count}
                yield row, found, torch.randn(count, 3, edge, edge, device=device)


def inference(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Inference by engine."""
    for row, found, crops in cases(args):
        with tempfile.TemporaryDirectory() as folder:
            calls = {
                kind: forward_calls(network, crops, Path(folder))
                for kind, network in found.items()
            }
            yield from by_engine(row, calls, args.rounds)


def training(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Forward and backward, by precision."""
    for row, found, crops in cases(args):
        calls = {kind: learn_calls(network, crops) for kind, network in found.items()}
        yield from by_engine(row, calls, args.rounds)


def by_engine(
    row: dict[str, Any], calls: dict[str, dict[str, Call]], rounds: int
) -> Iterator[dict[str, Any]]:
    """3D beside 2D, by engine; every engine beside float32."""
    turns = {
        f'{kind} {engine}': call
        for kind, engines in calls.items()
        for engine, call in engines.items()
    }
    spent = take_turns(turns, rounds, row['device'])
    for engine in calls['3D']:
        pair = {kind: spent[f'{kind} {engine}'] for kind in ('3D', '2D')}
        faster = ratio(spent['3D float32'], spent[f'3D {engine}'])['ratio']
        figures = compare(pair, row['batch'])
        yield row | {'engine': engine} | figures | {'float32_over_this': faster}


def softmax_form(volume: Tensor, size: tuple[int, int], depth_range: float) -> Tensor:
    """Soft-argmax as it is usually written."""
    depth, height, width = volume.shape[2:]
    prob = volume.flatten(2).softmax(dim=2).view_as(volume)
    plane = prob.sum(dim=2)
    x = plane.sum(dim=2) @ cell_centres(width, size[0], volume)
    y = plane.sum(dim=3) @ cell_centres(height, size[1], volume)
    z = prob.sum(dim=(3, 4)) @ depth_centres(depth, depth_range, volume)
    return torch.stack([x, y * (size[1] / size[0]), z], dim=-1)


def soft_argmax(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Of the students' volumes: time and memory beside the usual form."""
    for device in devices():
        for name in args.students:
            head = Config.fromfile(STUDENTS[name]).model.head
            size, depth, cells = (
                head.input_size,
                head.depth_size,
                head.input_size[0] // 4,
            )
            for count in args.batches:
                shape = count, POINTS, depth, cells, cells
                volume = torch.randn(shape, device=device, requires_grad=True)
                for learns in (False, True):
                    calls = {
                        'ours': expectation_call(soft_argmax_3d, volume, size, learns),
                        'softmax': expectation_call(softmax_form, volume, size, learns),
                    }
                    spent = take_turns(calls, args.rounds, device)
                    row = {'device': device, 'student': name, 'batch': count}
                    row['pass'] = 'forward and backward' if learns else 'forward'
                    for form, call in calls.items():
                        median = statistics.median(spent[form])
                        row[f'ms_{form}'] = 1e3 * median / count
                        row[f'mb_{form}'] = peak_bytes(call, device) / 1e6
                    yield row | ratio(spent['ours'], spent['softmax'])


def expectation_call(
    form: Callable[..., Tensor], volume: Tensor, size: tuple[int, int], learns: bool
) -> Call:
    """A form of soft-argmax, with its gradient or without; keeps neither."""

    def call() -> None:
        with torch.set_grad_enabled(learns):
            coords = form(volume, size, 2.0)
        if learns:
            torch.autograd.grad(coords.square().sum(), volume)

    return call


def peak_bytes(call: Call, device: str) -> int:
    """The most that PyTorch allocates at a time, beyond what it has before.

    The call keeps nothing of what it allocates: to the profiler the end of a block that
    it has not seen begin is nothing, or the end of one that lay there before.
    """
    if device == 'cuda':
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        call()
        return torch.cuda.max_memory_allocated() - before
    call()
    with profile(profile_memory=True) as profiler:
        call()
    events = profiler.profiler.kineto_results.events()
    sizes = [
        (event.start_ns(), event.nbytes())
        for event in events
        if event.name() == '[memory]'
    ]
    held, peak = 0, 0
    for _, size in sorted(sizes):
        held += size
        peak = max(peak, held)
    return peak


class Student(nn.Module):
    """A config's student: coordinates from crops, and landmarks where it needs them."""

    def __init__(self, path: Path, channels_last: bool) -> None:
        super().__init__()
        config = Config.fromfile(path).model
        config.head.depth_loss = None
        config.channels_last = channels_last
        self.model = MODELS.build(config)
        self.edge: int = config.head.input_size[0]

    def forward(self, crops: Tensor) -> Tensor:
        """(N, P, 3) from (N, 3, h, w)."""
        feats, head = self.model.extract_feat(crops), self.model.head
        if not getattr(head, 'reads_landmarks', False):
            return head(feats)
        return head(feats, torch.rand(len(crops), POINTS, 2, device=crops.device))


def channels_last(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Forward, alone and with its gradient, in either order of the channels."""
    init_default_scope('mmpose')
    for device in devices():
        for name, path in NARROW.items():
            students = {
                order: Student(path, order == 'last').to(device)
                for order in ('first', 'last')
            }
            edge = students['last'].edge
            for count in args.batches:
                crops = torch.randn(count, 3, edge, edge, device=device)
                for learns in (False, True):
                    calls = {
                        order: student_call(student, crops, learns)
                        for order, student in students.items()
                    }
                    spent = take_turns(calls, args.rounds, device)
                    row = {'device': device, 'student': name, 'batch': count}
                    row['pass'] = 'forward and backward' if learns else 'forward'
                    median = statistics.median(spent['last'])
                    row['ms_per_person'] = 1e3 * median / count
                    yield row | ratio(spent['first'], spent['last'])


def student_call(student: Student, crops: Tensor, learns: bool) -> Call:
    """A pass in float32."""

    def call() -> None:
        student.train(learns).zero_grad()
        with torch.set_grad_enabled(learns):
            coords = student(crops)
        if learns:
            coords.square().mean().backward()

    return call


PARTS = {
    'inference': inference,
    'training': training,
    'soft_argmax': soft_argmax,
    'channels_last': channels_last,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    add('--out', type=Path, default=Path('work_dirs/bench_inference'))
    add('--parts', nargs='+', choices=PARTS, default=list(PARTS))
    add('--students', nargs='+', choices=STUDENTS, default=list(STUDENTS))
    add('--batches', nargs='+', type=int, default=[1, 32])
    add('--rounds', type=int, default=7)
    args = parser.parse_args()
    content: dict[str, Any] = {'provenance': provenance()}
    content['provenance']['threads'] = torch.get_num_threads()
    for part in args.parts:
        content[part] = list(PARTS[part](args))
        show(part, content[part])
    args.out.mkdir(parents=True, exist_ok=True)
    mmengine.dump(content, args.out / 'bench_inference.json', indent=1)


if __name__ == '__main__':
    main()
