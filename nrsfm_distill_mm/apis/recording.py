"""What the inferencer keeps of a run of pictures, or of one video, and writes."""

from pathlib import Path
from typing import Any, NamedTuple

from mmengine.logging import print_log
from mmpose.structures import PoseDataSample

from nrsfm_distill_mm.apis.results import Image, VideoFile, write_image, write_json
from nrsfm_distill_mm.apis.sources import Source


class Outputs(NamedTuple):
    """Folders for pictures and predictions; None for those that nobody wants.

    Attributes:
        pictures: a folder; for a single video, it may be the ``.mp4`` itself.
        predictions: a folder.
    """

    pictures: str | None
    predictions: str | None

    def picture(self, source: Source) -> Path:
        """Where the picture, or video, of a source's poses goes."""
        folder = Path(self.pictures or '')
        if source.kind == 'image':
            return folder / Path(source.name).name
        return folder if folder.suffix == '.mp4' else folder / f'{_stem(source)}.mp4'

    def prediction(self, source: Source) -> Path:
        """Where the predictions of a source go."""
        return Path(self.predictions or '') / f'{_stem(source)}.json'

    def files(self, source: Source) -> list[Path]:
        """All that is written for a source."""
        pictures = [self.picture(source)] if self.pictures else []
        return pictures + ([self.prediction(source)] if self.predictions else [])


class Recording:
    """Files of pictures, each at once, or of a video, when it is closed.

    Args:
        source: a picture of the run, or the video.
        outputs: where files go.
        fps: frames per second of the video.
    """

    def __init__(self, source: Source, outputs: Outputs, fps: float) -> None:
        self.source, self.outputs = source, outputs
        self.video = source.kind != 'image'
        self._file = VideoFile(outputs.picture(source), fps)
        self._frames: list[dict[str, Any]] = []

    def add_picture(self, name: str, image: Image) -> None:
        """Write a picture, or append a frame, RGB."""
        if self.video:
            self._file.write(image)
        else:
            write_image(self.outputs.picture(Source(name, 'image')), image)

    def add_people(self, sample: PoseDataSample, people: list[dict[str, Any]]) -> None:
        """Write the people of a picture, or keep those of a frame."""
        if not self.outputs.predictions:
            return
        if self.video:
            frame = {'frame_id': len(self._frames), 'instances': people}
            self._frames.append(frame)
        else:
            name = Source(sample.metainfo['img_path'], 'image')
            write_json(self.outputs.prediction(name), people)

    def close(self) -> None:
        """Finish the files of a video: they hold what came until now."""
        if self._file.close():
            print_log(f'written: {self._file.path}', 'current')
        if self._frames:
            write_json(self.outputs.prediction(self.source), self._frames)
            self._frames = []


def _stem(source: Source) -> str:
    return 'webcam' if source.kind == 'webcam' else Path(source.name).stem
