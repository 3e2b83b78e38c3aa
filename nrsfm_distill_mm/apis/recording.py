"""What the inferencer keeps of a run of pictures, or of one video, and writes."""

import os
from pathlib import Path
from typing import Any

from mmengine.logging import print_log
from mmpose.structures import PoseDataSample

from nrsfm_distill_mm.apis.gif_file import GifFile
from nrsfm_distill_mm.apis.outputs import Outputs
from nrsfm_distill_mm.apis.results import (
    Image,
    VideoFile,
    instance_dicts,
    write_image,
    write_json,
)
from nrsfm_distill_mm.apis.sources import Source
from nrsfm_distill_mm.files import write_text
from nrsfm_distill_mm.visualization.pose3d_visualizer import (
    TURN_FPS,
    Pose3DCanvasVisualizer,
)
from nrsfm_distill_mm.visualization.pose_page import PosePage


class Recording:
    """Files of pictures, each at once, or of a video, when it is closed.

    Args:
        source: a picture of the run, or the video.
        outputs: where files go.
        fps: frames per second of the video.
    """

    def __init__(self, source: Source, outputs: Outputs, fps: float) -> None:
        self.source, self.outputs, self.fps = source, outputs, fps
        self.video = source.kind != 'image'
        self._file = moving_file(outputs.picture(source), fps)
        self._frames: list[dict[str, Any]] = []
        self._page: PosePage | None = None

    def add_picture(self, name: str, image: Image) -> None:
        """Write a picture, or append a frame, RGB."""
        if self.video:
            self._file.write(image)
        else:
            write_image(self.outputs.picture(Source(name, 'image')), image)

    def add_scene(
        self,
        image: Image,
        sample: PoseDataSample,
        visualizer: Pose3DCanvasVisualizer,
        kpt_thr: float,
    ) -> None:
        """Write the turntable and page of a picture, or add a frame to a video's page.

        Args:
            image: (H, W, 3), RGB.
            sample: its people.
            visualizer: draws them.
            kpt_thr: least score of landmarks in the overlay.
        """
        name = self.source.name if self.video else sample.metainfo['img_path']
        source = Source(name, self.source.kind)
        if self.outputs.pages:
            title = os.fsencode(Path(name).name).decode('utf-8', 'replace')
            page = self._page or visualizer.new_page(title, kpt_thr, self.fps)
            page.add(image, instance_dicts(sample.pred_instances))
            if self.video:
                self._page = page
            else:
                write_text(self.outputs.page(source), page.text())
        turns = self.outputs.turning and not self.video
        if turns and len(sample.pred_instances.keypoints_3d):
            canvases = list(visualizer.turntable(image, sample, kpt_thr))
            file = moving_file(self.outputs.turntable(source), TURN_FPS)
            for canvas in canvases:
                file.write(canvas)
            file.close()

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
        if self._page is not None:
            write_text(self.outputs.page(self.source), self._page.text())
            self._page = None


def moving_file(path: Path, fps: float) -> VideoFile | GifFile:
    """The file that the name asks for."""
    return (GifFile if path.suffix == '.gif' else VideoFile)(path, fps)
