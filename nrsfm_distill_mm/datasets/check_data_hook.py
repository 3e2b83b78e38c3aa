"""CheckDataHook: meet every image and every teacher code before training."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

from mmengine.dist import get_dist_info
from mmengine.fileio import get
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmengine.utils import track_iter_progress
from mmpose.datasets.transforms import LoadImage
from mmpose.registry import HOOKS
from PIL import Image

from nrsfm_distill_mm.datasets.converted_landmarks import converted
from nrsfm_distill_mm.datasets.errors import AnnotationError
from nrsfm_distill_mm.datasets.transforms.load_teacher_codes import LoadTeacherCodes


@HOOKS.register_module()
class CheckDataHook(Hook):
    """Refuse a dataset that a run would stumble over hours later.

    Decodes every image that the pipelines load, at the lowest resolution its
    format allows, and looks up every sample in the codes that they load. Each
    process of a distributed run checks its share.

    Args:
        num_threads: images decoded at a time.
    """

    priority = 'VERY_HIGH'

    def __init__(self, num_threads: int = 8) -> None:
        self.num_threads = num_threads

    def before_train(self, runner: Runner) -> None:
        """Check the data of training and validation.

        Raises:
            AnnotationError: images are missing or broken.
            TeacherCodesError: a sample has no code, or codes of other landmarks.
        """
        loaders = [runner.train_dataloader]
        if runner.val_loop is not None:
            loaders.append(runner.val_dataloader)
        self._check(runner, loaders)

    def before_test(self, runner: Runner) -> None:
        """Check the data of the test run, as before training."""
        self._check(runner, [runner.test_dataloader])

    def _check(self, runner: Runner, loaders: list[Any]) -> None:
        images: dict[str, Any] = {}
        for loader in loaders:
            for dataset, transforms in _sources(loader.dataset):
                images |= _check_samples(dataset, transforms)
        if images:
            runner.logger.info(f'Reading {len(images)} images, to find broken ones.')
            check_images(images, self.num_threads)


def check_images(images: Mapping[str, Any], num_threads: int = 8) -> None:
    """Decode images, with a progress bar.

    Args:
        images: from their paths to the ``backend_args`` that they are read with.
        num_threads: how many at a time.

    Raises:
        AnnotationError: naming the first broken one, and how many there are.
    """
    with ThreadPoolExecutor(num_threads) as executor:
        results = executor.map(_problem, images, images.values())
        found = list(track_iter_progress((results, len(images))))
    broken = [(path, why) for path, why in zip(images, found, strict=True) if why]
    if broken:
        raise AnnotationError(
            f'{broken[0][0]}: expected an image, got {broken[0][1]} '
            f'({len(broken)} of {len(images)} images cannot be read)'
        )


def _problem(path: str, backend_args: Any) -> str:
    """Why an image cannot be decoded; empty if it can."""
    try:
        with Image.open(BytesIO(get(path, backend_args))) as image:
            image.draft(None, (1, 1))
            image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        return str(error) or type(error).__name__
    return ''


def _sources(
    dataset: Any, outer: tuple[Any, ...] = ()
) -> Iterator[tuple[Any, tuple[Any, ...]]]:
    """Datasets without the wrappers around them, and all their transforms."""
    pipeline = getattr(dataset, 'pipeline', None)
    transforms = (*getattr(pipeline, 'transforms', ()), *outer)
    if hasattr(dataset, 'datasets'):
        for part in dataset.datasets:
            yield from _sources(part, transforms)
    elif hasattr(dataset, 'dataset'):
        yield from _sources(dataset.dataset, transforms)
    else:
        yield dataset, transforms


def _check_samples(dataset: Any, transforms: tuple[Any, ...]) -> dict[str, Any]:
    """The images that a dataset loads, after a look at the samples' codes."""
    loaders = [t for t in transforms if isinstance(t, LoadTeacherCodes)]
    readers = [t for t in transforms if isinstance(t, LoadImage)]
    images: dict[str, Any] = {}
    if not loaders and not readers:
        return images
    rank, world_size = get_dist_info()
    for index in range(rank, len(dataset), world_size):
        sample = converted(dataset.get_data_info(index), transforms)
        for loader in loaders:
            loader.check(sample)
        for reader in readers:
            images[sample['img_path']] = reader.backend_args
    return images
