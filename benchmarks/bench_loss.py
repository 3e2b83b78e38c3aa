"""What the distillation loss costs, and how far the upper bound is from the exact cost.

    python benchmarks/bench_loss.py
    python benchmarks/bench_loss.py --parts gap --teacher work_dirs/.../iter_7000.pth \
        --keypoints x.npz

1. speed: forward and backward of the literal form (each sample's rotated dictionary and
   its pseudo-inverse), of the upper bound, of its loss bone by bone, of the exact cost
   and of MMPose's L1Loss, for 17 landmarks and 256 atoms, beside a whole training step
   of the default student (ResNet-50, 256 x 256, batch 32). All in turns in one process;
   medians.
2. profile: where the time of the upper bound and of the exact cost goes.
3. gap: for every sample of a keypoint array, and four depths of each, how much less
   the exact cost is than the upper bound.

On a GPU where there is one. Tables and results, with their provenance, go to ``--out``.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import mmengine
import numpy as np
import torch
from bench_teacher import provenance, show
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor
from torch.profiler import ProfilerActivity, profile

from nrsfm_distill_mm.geometry import nearest_camera, to_camera_frame
from nrsfm_distill_mm.models import NRSfMDistillLoss, load_teacher
from nrsfm_distill_mm.models.losses.teacher_labels import TeacherLabels
from nrsfm_distill_mm.models.losses.teacher_sources import TeacherBasis
from nrsfm_distill_mm.nrsfm import (
    code_cost,
    dictionary_gram,
    dictionary_scale,
    exact_terms,
    rotated_dictionary,
    upper_bound_terms,
)
from nrsfm_distill_mm.skeletons import HUMAN36M

ROOT = Path(__file__).parents[1]
STUDENT = ROOT / 'configs' / 'student' / 'distill_res50_h36m-256x256.py'
POINTS, ATOMS, STEP_BATCH = 17, 256, 32
CHUNK = 1024


def literal_cost(
    depth: Tensor, code: Tensor, camera: Tensor, dictionary: Tensor, landmarks: Tensor
) -> Tensor:
    """Eq. (14) as it is written: B and the pseudo-inverse of each sample."""
    b_xy, b_z = rotated_dictionary(dictionary, camera)
    error = depth - (b_z @ code.unsqueeze(-1)).squeeze(-1)
    moved = code + (torch.linalg.pinv(b_z) @ error.unsqueeze(-1)).squeeze(-1)
    residual = torch.einsum('npdk,nk->npd', b_xy, moved) - landmarks
    return code_cost(residual, moved).total


def problem(count: int, device: str) -> list[Tensor]:
    """Depth, code, camera, dictionary and landmarks of random samples, float32."""
    generator = torch.Generator().manual_seed(0)
    dictionary = torch.randn(POINTS, 3, ATOMS, generator=generator)
    dictionary = dictionary - dictionary.mean(0)
    code = torch.rand(count, ATOMS, generator=generator)
    code = code * (torch.rand(count, ATOMS, generator=generator) < 0.2)
    camera = nearest_camera(torch.randn(count, 3, 2, generator=generator))
    shape = torch.einsum('pck,nk->npc', dictionary, code)
    depth = torch.randn(count, POINTS, generator=generator)
    arguments = depth, code, camera, dictionary, shape @ camera
    return [value.to(device) for value in arguments]


def bone_by_bone(
    depth: Tensor, code: Tensor, camera: Tensor, dictionary: Tensor, landmarks: Tensor
) -> Callable[[], Any]:
    """The loss's own upper bound of each bone's depth alone."""
    loss = NRSfMDistillLoss('codes', links=HUMAN36M.bones, bonewise=True)
    one, basis = code.new_ones(len(code)), TeacherBasis.of(dictionary, 1)
    labels = TeacherLabels(code, camera, one, torch.ones_like(depth), one, one)

    def call() -> None:
        output = torch.cat([landmarks, depth.unsqueeze(-1)], dim=-1)
        loss.depth_cost(output, landmarks, labels, basis).backward()

    return call


def calls(count: int, device: str) -> dict[str, Callable[[], Any]]:
    """What is timed, by name."""
    arguments = problem(count, device)
    depth = arguments[0].requires_grad_()
    gram = dictionary_gram(arguments[3])
    l1 = MODELS.build({'type': 'L1Loss'})
    coords = torch.randn(count, POINTS, 3, device=device, requires_grad=True)
    target = torch.randn(count, POINTS, 3, device=device)
    return {
        'literal': lambda: literal_cost(depth, *arguments[1:]).mean().backward(),
        'upper bound': lambda: (
            upper_bound_terms(*arguments, gram=gram).total.mean().backward()
        ),
        'bone by bone': bone_by_bone(*arguments),
        'exact': lambda: exact_terms(*arguments, gram=gram).total.mean().backward(),
        'L1Loss': lambda: l1(coords, target).backward(),
    }


def student_step(device: str) -> Callable[[], Any]:
    """A training step of the default student, images and labels at hand."""
    init_default_scope('mmpose')
    config = Config.fromfile(STUDENT)
    config.model.backbone.init_cfg = None
    config.model.head.depth_loss = None
    model = MODELS.build(config.model).to(device).train()
    optimiser = torch.optim.Adam(model.parameters())
    images = torch.randn(STEP_BATCH, 3, 256, 256, device=device)
    labels = InstanceData(
        keypoint_labels=torch.rand(1, POINTS, 2, device=device),
        keypoint_weights=torch.ones(1, POINTS, device=device),
    )
    samples = [PoseDataSample(gt_instance_labels=labels) for _ in range(STEP_BATCH)]

    def step() -> None:
        losses = model(images, samples, mode='loss')
        optimiser.zero_grad()
        losses['loss_kpt'].backward()
        optimiser.step()

    return step


def seconds(call: Callable[[], Any], turns: int) -> float:
    """Per call, with the device's work done."""
    start = time.perf_counter()
    for _ in range(turns):
        call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return (time.perf_counter() - start) / turns


def speed(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Milliseconds, medians over rounds in which each has its turn."""
    device = 'cuda' if torch.cuda.is_available() else 'cpu'
    timed = {('step', STEP_BATCH): student_step(device)} if not args.quick else {}
    for count in (8,) if args.quick else (32, 256):
        timed |= {(name, count): call for name, call in calls(count, device).items()}
    for call in timed.values():
        call()
    spent: dict[Any, list[float]] = {key: [] for key in timed}
    for _ in range(1 if args.quick else args.rounds):
        for key, call in timed.items():
            spent[key].append(seconds(call, 1 if key[0] == 'step' else 5))
    medians = {key: statistics.median(values) for key, values in spent.items()}
    step = medians.get(('step', STEP_BATCH))
    for (name, count), value in medians.items():
        literal = medians.get(('literal', count))
        row = {'what': name, 'batch': count, 'ms': 1e3 * value}
        row['literal / this'] = literal / value if literal and name != 'step' else ''
        same_batch = step and count == STEP_BATCH
        row['% of the step'] = 100 * value / step if same_batch else ''
        row['MB per sample'] = (
            peak_megabytes(timed[name, count]) / count if name != 'step' else ''
        )
        yield row


def peak_megabytes(call: Callable[[], Any]) -> float:
    """The most that a call holds at a time, beyond what was there."""
    if torch.cuda.is_available():
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        call()
        return (torch.cuda.max_memory_allocated() - before) / 1e6
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as record:
        call()
    events = record.profiler.kineto_results.events()
    memory = [e for e in events if e.name() == '[memory]']
    changes = [e.nbytes() for e in sorted(memory, key=lambda e: e.start_ns())]
    return max(np.cumsum(changes)) / 1e6


def profiles(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """The operators that take most of the time of a batch of 32."""
    timed = calls(8 if args.quick else STEP_BATCH, 'cpu')
    for name in ('upper bound', 'exact'):
        timed[name]()
        with profile(activities=[ProfilerActivity.CPU]) as record:
            timed[name]()
        averages = record.key_averages()
        total = sum(e.self_cpu_time_total for e in averages)
        averages.sort(key=lambda e: -e.self_cpu_time_total)
        for event in averages[:6]:
            share = 100 * event.self_cpu_time_total / total
            row = {'what': name, 'operator': event.key, 'calls': event.count}
            yield row | {'% of its time': share}


def gap(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Quantiles of 1 - exact / upper bound, for four depths of each sample."""
    if args.teacher is None:
        return
    model = load_teacher(args.teacher)
    basis = TeacherBasis.of(
        torch.from_numpy(model.export()['dictionary']), int(model.depth_sign)
    )
    with np.load(args.keypoints) as file:
        names = {'keypoints', 'keypoints_visible', 'keypoints_3d'} & {*file.files}
        content = {name: torch.from_numpy(file[name]).float() for name in names}
    landmarks = content['keypoints'][: 64 if args.quick else None]
    shown = content.get('keypoints_visible', torch.ones(landmarks.shape[:2])) > 0
    answers = [
        model.infer(*parts)
        for parts in zip(landmarks.split(CHUNK), shown.split(CHUNK), strict=False)
    ]
    scale = dictionary_scale(model.network.dictionary).detach()
    generator = torch.Generator().manual_seed(0)
    results: dict[str, list[Tensor]] = {}
    for index, (answer, seen, _) in enumerate(answers):
        own = to_camera_frame(answer.shape, answer.camera)[..., 2]
        noise = 0.1 * torch.randn(own.shape, generator=generator)
        depths = {'its own': own, '0.1 sides off': own + noise, 'mirrored': -own}
        if 'keypoints_3d' in content:
            true = content['keypoints_3d'].split(CHUNK)[index][: len(own), :, 2]
            depths['true'] = basis.depth_sign * true / seen.side[:, None]
        for name, depth in depths.items():
            arguments = (
                depth - depth.mean(1, keepdim=True),
                answer.code * scale,
                answer.camera,
                basis.dictionary,
                seen.landmarks,
            )
            named = {'visible': shown.split(CHUNK)[index][: len(own)].float()}
            bound = upper_bound_terms(*arguments, **named, gram=basis.gram).total
            exact = exact_terms(*arguments, **named, gram=basis.gram)
            found = torch.stack([bound, exact.total, exact.gap])
            results.setdefault(name, []).append(found)
    for name, parts in results.items():
        bound, exact, unproven = torch.cat(parts, dim=1).double()
        less = 1 - exact / bound
        row = {'depth': name, 'samples': len(bound), 'upper bound': float(bound.mean())}
        row['exact'] = float(exact.mean())
        for percent in (5, 50, 95):
            row[f'less, {percent} %'] = float(less.quantile(percent / 100))
        row['exact > bound'] = int((exact > bound).sum())
        yield row | {'worst proof': float(unproven.max())}


PARTS = {'speed': speed, 'profile': profiles, 'gap': gap}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    add = parser.add_argument
    add('--out', type=Path, default=Path('work_dirs/bench_loss'))
    add('--parts', nargs='+', choices=PARTS, default=list(PARTS))
    add('--rounds', type=int, default=5)
    add('--teacher', type=Path, help='checkpoint of a teacher, for the gap')
    add('--keypoints', type=Path, help='keypoint array (.npz), 3D in the unit of 2D')
    add('--quick', action='store_true', help='tiny sizes: does it run?')
    args = parser.parse_args()
    if 'gap' in args.parts and (args.teacher is None) != (args.keypoints is None):
        parser.error('--teacher and --keypoints go together')
    content: dict[str, Any] = {'provenance': provenance(), 'quick': args.quick}
    content['provenance']['threads'] = torch.get_num_threads()
    for part in args.parts:
        content[part] = list(PARTS[part](args))
        show(part, content[part])
    args.out.mkdir(parents=True, exist_ok=True)
    mmengine.dump(content, args.out / 'bench_loss.json', indent=1)


if __name__ == '__main__':
    main()
