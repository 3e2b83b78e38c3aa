"""Time and memory of teacher codes, as the file grows: look-ups, and the writer."""

import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from dataset_scaling import memory_mb
from mmengine.logging import MessageHub
from student_input import ATOMS, exact_codes

from nrsfm_distill_mm.datasets import LoadTeacherCodes
from nrsfm_distill_mm.evaluation import TeacherCodeWriter
from nrsfm_distill_mm.nrsfm import (
    TeacherCodes,
    load_teacher_codes,
    save_teacher_codes,
)

POINTS = 17
BATCH = 1024
WIDTH = 100.0
FIELDS = ('Anonymous', 'Private_Dirty', 'Pss', 'Rss')
UNFLIPPED = {
    'code': (ATOMS,),
    'camera': (3, 2),
    'side': (),
    'centre': (2,),
    'visible': (POINTS,),
    'reprojection_error': (),
}
FLIPPED = {'code_flipped': (ATOMS,), 'camera_flipped': (3, 2)}
PACKED = UNFLIPPED | FLIPPED


def image_name(index: int) -> str:
    """As long as Human3.6M's."""
    return f'S{1 + index % 9}_Walking_1.54138969_{index:07d}.jpg'


def landmarks() -> Any:
    """One pose (1, P, 2), that of every sample here, px."""
    return np.random.default_rng(0).uniform(0, WIDTH, (1, POINTS, 2)).astype(np.float32)


def write_many(file: Path, count: int) -> None:
    """A file of its true size, in a process that gives its memory back."""
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as executor:
        executor.submit(_write_many, file, count).result()


def _write_many(file: Path, count: int) -> None:
    one = exact_codes(['a'], landmarks(), list(range(POINTS)), ATOMS)
    # A generator keeps no second list of keys; they are in order already.
    names = (f'{index:07d}_{image_name(index)}:{index}' for index in range(count))
    keys = np.fromiter((n.encode() for n in names), 'S48', count)
    columns = {name: np.repeat(getattr(one, name), count, axis=0) for name in UNFLIPPED}
    columns |= {f'{name}_flipped': columns[name] for name in ('code', 'camera')}
    codes = TeacherCodes(one.info, dictionary=one.dictionary, keys=keys, **columns)
    save_teacher_codes(file, codes)
    with file.open('rb') as stream:  # pages that wait for the disk look private
        os.fsync(stream.fileno())


def samples_of(codes: TeacherCodes, count: int, seed: int) -> list[dict[str, Any]]:
    """What the transform is given, for random rows."""
    rows = np.random.default_rng(seed).integers(0, len(codes), count)
    names = [codes.keys[row].decode().rsplit(':', 1) for row in rows]
    return [
        {
            'img_path': name,
            'id': int(number),
            'keypoints': landmarks(),
            'keypoints_visible': np.ones((1, POINTS), dtype=np.float32),
            'transformed_keypoints': landmarks(),
            'input_size': (WIDTH, WIDTH),
            'flip_indices': list(range(POINTS)),
        }
        for name, number in names
    ]


def look_up(codes: TeacherCodes, keys: list[str]) -> None:
    """All that a sample has in the file."""
    for key in keys:
        row = codes.row(key)
        for column in (codes.code, codes.camera, codes.side, codes.visible):
            column[row].copy()


def lookup_row(file: Path, lookups: int, repeats: int) -> dict[str, Any]:
    """Processor time of a look-up and of the transform; to be run in a fresh process.

    The file is in the page cache, so that nothing waits for the disk.
    """
    torch.set_num_threads(1)
    opened = []
    for _ in range(repeats):
        start = time.process_time()
        codes = load_teacher_codes(file)
        opened.append(1e3 * (time.process_time() - start))
    spent: dict[str, list[float]] = {'first': [], 'again': [], 'transform': []}
    transform = LoadTeacherCodes(str(file))
    transform.codes  # noqa: B018 - opened on first use
    for repeat in range(repeats):
        samples = samples_of(codes, lookups, repeat)
        keys = [f'{s["img_path"]}:{s["id"]}' for s in samples]
        codes = load_teacher_codes(file)  # none of its pages is at hand
        for name in ('first', 'again'):
            start = time.process_time()
            look_up(codes, keys)
            spent[name].append(1e6 * (time.process_time() - start) / lookups)
        start = time.process_time()
        for sample in samples:
            transform.transform(sample)
        spent['transform'].append(1e6 * (time.process_time() - start) / lookups)
    return {
        'codes': len(codes),
        'file_mb': file.stat().st_size / 1e6,
        'open_ms': statistics.median(opened),
        **{f'{name}_us': statistics.median(values) for name, values in spent.items()},
        'slowest_us': max(spent['first'] + spent['again']),
    }


def worker_rows(
    file: Path, method: str, workers: int, lookups: int
) -> Iterator[dict[str, Any]]:
    """Memory of each of several live workers, before and after its look-ups."""
    context = multiprocessing.get_context(method)
    barrier, answers = context.Barrier(workers), context.Queue()
    transform = LoadTeacherCodes(str(file))
    processes = [
        context.Process(
            target=_worker, args=(transform, index, lookups, barrier, answers)
        )
        for index in range(workers)
    ]
    for process in processes:
        process.start()
    found = sorted(answers.get(timeout=600) for _ in processes)
    for process in processes:
        process.join()
    size = len(load_teacher_codes(file))
    for index, before, after in found:
        row = {'codes': size, 'start': method, 'worker': index, 'look-ups': lookups}
        for name, first, last in zip(FIELDS, before, after, strict=True):
            row |= {f'{name}_before_mb': first, f'{name}_after_mb': last}
        yield row


def _worker(
    transform: LoadTeacherCodes, index: int, lookups: int, barrier: Any, answers: Any
) -> None:
    torch.set_num_threads(1)
    codes = transform.codes
    for sample in samples_of(codes, 100, seed=index):  # what is allocated once, is
        transform.transform(sample)
    memory = []
    for _ in range(2):
        barrier.wait()
        memory.append([memory_mb(field) for field in FIELDS])
        barrier.wait()
        if len(memory) == 1:
            for part in range(0, lookups, BATCH):
                look_up_samples(transform, codes, seed=(index, part))
    answers.put((index, *memory))


def look_up_samples(transform: LoadTeacherCodes, codes: Any, seed: Any) -> None:
    """A batch of random samples through the transform."""
    for sample in samples_of(codes, BATCH, seed):
        transform.transform(sample)


def writer_row(folder: Path, count: int) -> dict[str, Any]:
    """Memory of ``TeacherCodeWriter`` per sample; to be run in a fresh process."""
    hub = MessageHub.get_current_instance()
    teacher = {'dictionary': np.ones((POINTS, 3, ATOMS), np.float32), 'depth_sign': 1}
    teacher['inverse_distance'] = 0.0
    hub.update_info('nrsfm_teacher', teacher, resumed=False)
    writer = TeacherCodeWriter(str(folder / 'written.safetensors'))
    writer.dataset_meta = {'dataset_name': 'h36m'}
    writer.process({}, _predictions(-BATCH))
    writer.results.clear()
    empty, start = memory_mb('Anonymous'), time.perf_counter()
    for first in range(0, count, BATCH):
        writer.process({}, _predictions(first))
    kept = len(writer.results)
    held = memory_mb('Anonymous') - empty
    peak, done = [0.0], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], memory_mb('Anonymous') - empty)

    watcher = threading.Thread(target=watch)
    watcher.start()
    writer.evaluate(kept)
    done.set()
    watcher.join()
    return {
        'samples': kept,
        'held_kb_per_sample': 1e3 * held / kept,
        'peak_kb_per_sample': 1e3 * max(peak[0], held) / kept,
        'seconds': time.perf_counter() - start,
    }


def _predictions(first: int) -> list[dict[str, Any]]:
    """A batch as the teacher hands it to its evaluators."""
    draw = np.random.default_rng(abs(first)).random
    arrays = {k: draw((BATCH, *shape), dtype=np.float32) for k, shape in PACKED.items()}
    return [
        {
            'id': first + i,
            'img_path': image_name(first + i),
            'pred_instances': {k: v[i : i + 1] for k, v in arrays.items()},
        }
        for i in range(BATCH)
    ]
