"""What a caller knows of the people, boxes or landmarks, by input and by frame."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nrsfm_distill_mm.apis.errors import PersonBoxError, PersonLandmarksError
from nrsfm_distill_mm.apis.sources import Source

ERRORS = {'bboxes': PersonBoxError, 'keypoints': PersonLandmarksError}
"""By the name of the argument."""


def by_source(name: str, given: Any, sources: Sequence[Source]) -> dict[str, Any]:
    """From the name of each source to its people; of a video, a list by frame.

    Args:
        name: of the argument.
        given: a list as long as ``sources``; of a single video, the list of its
            frames; a mapping from names of files, with or without their folders; the
            path of a JSON file with either; or of a folder with a JSON file for each
            source, as MMPose's inferencers write them.
        sources: what it is for. A source without an entry gets none.

    Raises:
        PersonBoxError, PersonLandmarksError: a file cannot be read, or the list is of
            another length.
    """
    if isinstance(given, str | Path):
        given = _read_all(name, Path(given), sources)
    if isinstance(given, Mapping):
        entries = ((s.name, Path(s.name).name) for s in sources)
        return {
            full: given[key]
            for full, short in entries
            for key in (short, full)
            if key in given
        }
    if len(sources) == 1 and sources[0].kind != 'image':
        return {sources[0].name: given}
    if len(given) != len(sources):
        raise ERRORS[name](
            f'{name}: expected one entry for each of {len(sources)} inputs, '
            f'got {len(given)}'
        )
    return {s.name: entry for s, entry in zip(sources, given, strict=True)}


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
    if index >= len(entry):
        raise ERRORS[name](
            f'{source.name}: {name}: expected an entry for each frame, got '
            f'{len(entry)}, none for frame {index}'
        )
    return entry[index]


def frame_name(source: Source, index: int) -> str:
    """Of a picture, or of a frame of a video, for messages."""
    return source.name if source.kind == 'image' else f'{source.name}, {index}'


def _read_all(name: str, path: Path, sources: Sequence[Source]) -> Any:
    if not path.is_dir():
        return _read(name, path)
    files = {s.name: path / f'{Path(s.name).stem}.json' for s in sources}
    return {key: _read(name, file) for key, file in files.items() if file.exists()}


def _read(name: str, path: Path) -> Any:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ERRORS[name](f'{name}: cannot read {path}: {error}') from error
    if not isinstance(content, list | dict):
        raise ERRORS[name](
            f'{name}: {path}: expected a list, or entries by file name, got '
            f'{type(content).__name__}'
        )
    return content
