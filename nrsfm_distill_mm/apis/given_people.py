"""What a caller knows of the people, boxes or landmarks, by input and by frame."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nrsfm_distill_mm.apis.errors import PersonBoxError, PersonLandmarksError
from nrsfm_distill_mm.apis.sources import Source

ERRORS = {'bboxes': PersonBoxError, 'keypoints': PersonLandmarksError}
"""By the name of the argument."""
OF_DEMO = 'instance_info'
"""Where MMPose's demos put the people of a picture, or the frames of a video."""


def by_source(name: str, given: Any, sources: Sequence[Source]) -> dict[str, Any]:
    """From the name of each source to its people; of a video, a list by frame.

    Args:
        name: of the argument.
        given: a list as long as ``sources``; of a single video, the list of its
            frames; a mapping from names of files, with or without their folders; the
            path of a JSON file with either, or of landmarks with what MMPose's demos
            write of a single source; or of a folder with a JSON file for each source,
            as MMPose's inferencers write them.
        sources: what it is for. A source without an entry gets none.

    Raises:
        PersonBoxError, PersonLandmarksError: a file cannot be read, the list is of
            another length, or an entry would do for several sources.
    """
    if isinstance(given, str | Path):
        given = _read_all(name, Path(given), sources)
    if isinstance(given, Mapping) and OF_DEMO in given:
        given = {source.name: given[OF_DEMO] for source in sources}
        if len(given) > 1:
            raise ERRORS[name](
                f'{name}: expected entries by file name for {len(sources)} inputs, got '
                f'the {OF_DEMO} of one'
            )
    if isinstance(given, Mapping):
        keys = {
            s.name: s.name if s.name in given else Path(s.file).name for s in sources
        }
        _refuse_repeated(name, [key for key in keys.values() if key in given])
        return {n: given[key] for n, key in keys.items() if key in given}
    if len(sources) == 1 and sources[0].kind != 'image':
        return {sources[0].name: given}
    if not np.iterable(given):
        raise ERRORS[name](f'{name}: expected a list, got {given!r}')
    if len(given) != len(sources):
        raise ERRORS[name](
            f'{name}: expected one entry for each of {len(sources)} inputs, '
            f'got {len(given)}'
        )
    _refuse_repeated(name, [source.name for source in sources])
    return {s.name: entry for s, entry in zip(sources, given, strict=True)}


def files_of(given: Any, sources: Sequence[Source]) -> list[Path]:
    """The JSON files that are read, whether they are there or not."""
    if not isinstance(given, str | Path):
        return []
    path = Path(given)
    if path.is_dir():
        return [path / f'{Path(source.file).stem}.json' for source in sources]
    return [path]


def of_frame(name: str, entries: Mapping[str, Any], source: Source, index: int) -> Any:
    """The people that were given for a picture, or for one frame of a video.

    Raises:
        PersonBoxError, PersonLandmarksError: there are none.
    """
    if source.name not in entries:
        raise ERRORS[name](
            f'{source.name}: {name}: no entry for this input; an empty list says '
            'that nobody is there'
        )
    entry = entries[source.name]
    if source.kind == 'image':
        return entry
    if isinstance(entry, Mapping) or not np.iterable(entry):
        raise ERRORS[name](
            f'{source.name}: {name}: expected a list of frames, got '
            f'{type(entry).__name__}'
        )
    if index >= len(entry):
        raise ERRORS[name](
            f'{source.name}: {name}: expected an entry for each frame, got '
            f'{len(entry)}, none for frame {index}'
        )
    return entry[index]


def frame_name(source: Source, index: int) -> str:
    """Of a picture, or of a frame of a video, for messages."""
    return source.name if source.kind == 'image' else f'{source.name}, {index}'


def _refuse_repeated(name: str, names: Sequence[str]) -> None:
    """Two inputs of one name would get the same people."""
    for key, count in Counter(names).items():
        if count > 1:
            raise ERRORS[name](
                f'{name}: expected inputs that can be told apart by their names, got '
                f'"{key}" {count} times'
            )


def _read_all(name: str, path: Path, sources: Sequence[Source]) -> Any:
    if not path.is_dir():
        return _read(name, path)
    names = (source.name for source in sources)
    files = zip(names, files_of(path, sources), strict=True)
    found = {key: file for key, file in files if file.exists()}
    _refuse_repeated(name, [file.name for file in found.values()])
    contents = {key: _read(name, file) for key, file in found.items()}
    return {
        key: people.get(OF_DEMO, people) if isinstance(people, dict) else people
        for key, people in contents.items()
    }


def _read(name: str, path: Path) -> Any:
    try:
        content = json.loads(path.read_text(encoding='utf-8'))
    except (OSError, ValueError) as error:
        raise ERRORS[name](f'{name}: cannot read {path}: {error}') from error
    if not isinstance(content, list | dict):
        raise ERRORS[name](
            f'{name}: {path}: expected a list, or entries by file name, got '
            f'{type(content).__name__}'
        )
    return content
