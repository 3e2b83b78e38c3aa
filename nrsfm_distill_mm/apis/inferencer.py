"""ImagePose3DInferencer: pictures, videos and webcams in, people in 3D out."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import closing
from copy import copy
from itertools import islice
from typing import Any

from mmengine.logging import print_log
from mmpose.registry import INFERENCERS
from rich.progress import track

from nrsfm_distill_mm.apis.drawing_inferencer import DrawingInferencer
from nrsfm_distill_mm.apis.errors import InferenceInputError, summary
from nrsfm_distill_mm.apis.frames import (
    FindPeople,
    Frame,
    read_frames,
    runs,
    with_own_files,
)
from nrsfm_distill_mm.apis.given_people import files_of
from nrsfm_distill_mm.apis.outputs import Outputs
from nrsfm_distill_mm.apis.recording import Recording
from nrsfm_distill_mm.apis.sources import Source, Video, list_sources, open_video
from nrsfm_distill_mm.apis.tracking import Tracker
from nrsfm_distill_mm.geometry import ValueRangeError


@INFERENCERS.register_module()
class ImagePose3DInferencer(DrawingInferencer):
    """People in 3D by a student, with the calling convention of MMPose's inferencers.

    ``for result in inferencer(inputs, **arguments)``: see `__call__`.

    The arguments of the constructor are those of `StudentInferencer`.
    """

    preprocess_kwargs = {'bboxes', 'keypoints', 'bbox_thr', 'nms_thr'}
    forward_kwargs = {'tracking_thr', 'smooth'}

    def __call__(
        self,
        inputs: Any,
        return_datasamples: bool = False,
        batch_size: int = 1,
        out_dir: str | None = None,
        **kwargs: Any,
    ) -> Iterator[dict[str, Any]]:
        """Give the people of each picture or frame; write files if so asked.

        Args:
            inputs: path, URL, folder, glob, ``'webcam'`` or ``'webcam:ID'``, array
                (H, W, 3) uint8 BGR, or a list of these.
            return_datasamples: gives ``PoseDataSample`` instead of dictionaries.
            batch_size: pictures or frames whose people are computed at once, and
                given in one result; 1 for a webcam.
            out_dir: folder for ``visualizations`` and ``predictions``.
            **kwargs: ``bboxes``, boxes or a JSON file of them, see `by_source`;
                ``keypoints``, likewise, for students that are given landmarks;
                ``bbox_thr``, ``nms_thr`` of the detector, 0.3;
                ``tracking_thr``, least overlap of a person's boxes in successive
                frames, 0.3; ``smooth``, filters over time in videos;
                ``return_vis``, ``show``, ``wait_time`` (s), ``draw_bbox``, ``kpt_thr``,
                ``black_background``; ``num_instances``, for how many there are 3D
                views, default as many as there are; ``views``, as of
                `Pose3DCanvasVisualizer`; ``turntable``, writes a turn of each
                picture's people; ``vis_format`` of what moves, ``'mp4'`` or
                ``'gif'``; ``vis_out_dir``, ``pred_out_dir``, ``html_out_dir``, folders.

        Yields:
            ``predictions``, of each picture the people as `instance_dicts` has them,
            and ``visualization``, of each picture an RGB array if it was asked for.

        Raises:
            ValueRangeError: for a ``batch_size`` below 1.
            InferenceInputError: an input cannot be used. With several inputs the
                others' results come first, and then a `FailedInputsError`.
            PersonLandmarksError: landmarks are given where they are not read, or the
                reverse; nothing has been read.
            UnknownViewError, OutputArgumentError: ``views``, ``vis_format`` or a folder
                cannot be used; nothing has been read.
            DependencyError: people are to be found and MMDetection is not installed.
            DisplayError: ``show`` is asked for where there is no display.
            VideoWriterError: a video cannot be written.
        """
        if batch_size < 1:
            raise ValueRangeError(f'batch_size: expected 1 or more, got {batch_size}')
        if out_dir is not None:
            kwargs.setdefault('vis_out_dir', f'{out_dir}/visualizations')
            kwargs.setdefault('pred_out_dir', f'{out_dir}/predictions')
        # Calls may take turns: each has people, files and cells of its own.
        call = copy(self)
        call.visualizer = copy(self.visualizer)
        yield from call._results(inputs, return_datasamples, batch_size, **kwargs)

    def _results(
        self, inputs: Any, return_datasamples: bool, batch_size: int, **kwargs: Any
    ) -> Iterator[dict[str, Any]]:
        """All results of one call."""
        find, forward, draw, write = self._dispatch_kwargs(**kwargs)
        outputs = self._read_outputs(draw, write)
        sources = list_sources(inputs)
        find_people = self._people_finder(sources, **find)
        given = (find.get(name) for name in ('bboxes', 'keypoints'))
        read = [path for people in given for path in files_of(people, sources)]
        usable, failures = with_own_files(sources, outputs.files, read)
        self._failures = dict(failures)
        for run in runs(usable):
            try:
                batches = self._run(run, batch_size, outputs, find_people, forward)
                with closing(batches):
                    for batch in batches:
                        people = self.forward(batch)
                        images = [frame.image for frame in batch]
                        pictures = self.visualize(images, people, **draw)
                        yield self.postprocess(people, pictures, return_datasamples)
            except InferenceInputError as error:  # of a video that cannot be opened
                self._fail(run[0], error)
        if self._failures:
            raise summary(self._failures, len(sources))

    def _run(
        self,
        run: Sequence[Source],
        batch_size: int,
        outputs: Outputs,
        find_people: FindPeople,
        track_args: dict[str, Any],
    ) -> Iterator[list[Frame]]:
        """Batches of frames of some pictures, or of one video; closes its files."""
        source = run[0]
        video = None if source.kind == 'image' else open_video(source)
        self._video_input = video is not None
        self.visualizer.start_video(self._video_input)
        self._tracker = Tracker(video.fps, **track_args) if video else None
        self._recording = Recording(source, outputs, video.fps if video else 0.0)
        frames = self.preprocess(run, video, find_people)
        if self.show_progress:
            frames = track(frames, 'Inference')
        try:
            while batch := list(islice(frames, batch_size)):
                yield batch
        finally:
            self._recording.close()

    def preprocess(
        self, inputs: Sequence[Source], video: Video | None, find_people: FindPeople
    ) -> Iterator[Frame]:
        """Frames with the crops of their people; what cannot be read is left out.

        Args:
            inputs: pictures, or the one source of ``video``.
            video: the open video, if it is one.
            find_people: who is there.
        """
        for source in inputs:
            try:
                yield from read_frames(source, video, find_people, self._prepare)
            except InferenceInputError as error:
                self._fail(source, error)

    def _fail(self, source: Source, error: InferenceInputError) -> None:
        self._failures[source.name] = error
        print_log(f'left out: {error}', 'current', logging.ERROR)
