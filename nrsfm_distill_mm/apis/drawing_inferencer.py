"""DrawingInferencer: a student whose poses are drawn and written."""

from collections.abc import Sequence
from typing import Any

from mmpose.structures import PoseDataSample

from nrsfm_distill_mm.apis.outputs import Outputs, read_outputs
from nrsfm_distill_mm.apis.recording import Recording
from nrsfm_distill_mm.apis.results import instance_dicts, require_display
from nrsfm_distill_mm.apis.sources import Image
from nrsfm_distill_mm.apis.student_inferencer import StudentInferencer


class DrawingInferencer(StudentInferencer):
    """As `StudentInferencer`, with pictures, videos, turntables, pages, and JSON."""

    visualize_kwargs = {
        'return_vis',
        'show',
        'wait_time',
        'draw_bbox',
        'kpt_thr',
        'num_instances',
        'black_background',
        'views',
        'turntable',
        'vis_format',
        'vis_out_dir',
        'html_out_dir',
    }
    postprocess_kwargs = {'pred_out_dir'}

    _recording: Recording

    def _read_outputs(self, draw: dict[str, Any], write: dict[str, Any]) -> Outputs:
        """What shall be written; in ``draw`` stays what `visualize` takes.

        Raises:
            DisplayError: ``show`` is asked for where there is no display.
            OutputArgumentError: a format is unknown, or a folder cannot be written.
            UnknownViewError: there is no such view, or none is named.
        """
        if draw.get('show'):
            require_display()
        outputs = read_outputs(draw | write)
        self.visualizer.views = draw.pop('views', ('front', 'side'))
        self.visualizer.num_instances = draw.pop('num_instances', -1)
        for name in ('turntable', 'vis_format', 'html_out_dir'):
            draw.pop(name, None)
        return outputs

    def visualize(
        self,
        inputs: Sequence[Image],
        preds: Sequence[PoseDataSample],
        black_background: bool = False,
        kpt_thr: float = 0.3,
        **kwargs: Any,
    ) -> list[Image] | None:
        """Draw people, and write pictures, turntables and pages if so asked.

        Args:
            inputs: (H, W, 3), BGR.
            preds: their people.
            black_background: draws on black instead.
            kpt_thr: least score of landmarks in overlays.
            **kwargs: those of `BaseMMPoseInferencer.visualize`.
        """
        images = [image * 0 if black_background else image for image in inputs]
        drawn = super().visualize(images, preds, kpt_thr=kpt_thr, **kwargs)
        for image, sample in zip(images, preds, strict=True):
            rgb = image[..., ::-1]
            self._recording.add_scene(rgb, sample, self.visualizer, kpt_thr)
        return drawn

    def save_visualization(
        self, visualization: Image, vis_out_dir: str, img_name: str | None = None
    ) -> None:
        """Write a picture, or append it to the video."""
        self._recording.add_picture(str(img_name), visualization)

    def postprocess(
        self,
        preds: Sequence[PoseDataSample],
        visualization: list[Image] | None,
        return_datasamples: bool = False,
    ) -> dict[str, Any]:
        """Write the predictions, and pack what is given to the caller."""
        people = [instance_dicts(sample.pred_instances) for sample in preds]
        for sample, found in zip(preds, people, strict=True):
            self._recording.add_people(sample, found)
        predictions = list(preds) if return_datasamples else people
        return {'visualization': visualization, 'predictions': predictions}
