"""From sources to pictures with the crops of their people, ready for a model."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nrsfm_distill_mm.apis.errors import InferenceInputError, NoPersonWarning
from nrsfm_distill_mm.apis.sources import Image, Source, Video, array_name, read_image

FindPeople = Callable[[Source, int, Image], Sequence[dict[str, Any]]]
"""Of each person in a source's frame of this index, what a test pipeline reads."""


class Frame(NamedTuple):
    """A picture, or one of a video.

    Attributes:
        name: what MMPose calls ``img_path``.
        image: (H, W, 3), BGR.
        crops: of each person, what the model's test pipeline makes.
    """

    name: str
    image: Image
    crops: list[Any]


def read_frames(
    source: Source, video: Video | None, find: FindPeople, prepare: Callable[..., Any]
) -> Iterator[Frame]:
    """A picture, or all frames of a video, with the people in them.

    Args:
        source: what to read.
        video: the source, opened, if it is one.
        find: who is there.
        prepare: the test pipeline, from ``img``, ``img_path``, and what is known of a
            person, to a crop.

    Raises:
        InferenceInputError: the picture cannot be read, or its boxes cannot be used.
    """
    found, index = 0, -1
    images = video.frames if video else iter([read_image(source)])
    for index, image in enumerate(images):
        name = array_name(index) if video else source.file
        people = find(source, index, image)
        found += len(people)
        picture = {'img': image, 'img_path': name}
        yield Frame(name, image, [prepare(picture | person) for person in people])
    if video and index + 1 < video.length:
        _warn(source, f'{index + 1} of {video.length} frames could be decoded')
    if index >= 0 and not found:
        _warn(source, 'nobody was found, there are no poses', NoPersonWarning)


def runs(sources: Sequence[Source]) -> list[list[Source]]:
    """Pictures that follow each other together, each video by itself."""
    found: list[list[Source]] = []
    for source in sources:
        joins = bool(found) and source.kind == found[-1][0].kind == 'image'
        found[-1:] = [[*found[-1], source]] if joins else [*found[-1:], [source]]
    return found


def with_own_files(
    sources: Sequence[Source],
    targets: Callable[[Source], Sequence[Path]],
    also_read: Sequence[Path] = (),
) -> tuple[list[Source], dict[str, InferenceInputError]]:
    """The sources whose results overwrite nothing, and what is wrong with others.

    Args:
        sources: the inputs.
        targets: the files that the results of one would be written to.
        also_read: other files that are read.
    """
    kept, refused = [], {}
    names = [Path(source.name) for source in sources if source.array is None]
    inputs = {path.resolve() for path in (*names, *also_read)}
    taken: dict[Path, str] = {}
    for source in sources:
        files = [path.resolve() for path in targets(source)]
        owner = next((taken[path] for path in files if path in taken), None)
        if inputs.intersection(files):
            problem = 'its results would overwrite an input; choose another folder'
        elif owner is not None:
            problem = f'its results would overwrite those of {owner}; run it by itself'
        else:
            kept.append(source)
            taken |= dict.fromkeys(files, source.name)
            continue
        refused[source.name] = InferenceInputError(f'{source.name}: {problem}')
    return kept, refused


def _warn(source: Source, problem: str, category: type[Warning] = UserWarning) -> None:
    warnings.warn(f'{source.name}: {problem}', category, stacklevel=3)
