"""Pictures of poses: the visualizer for configs, and the report's figure."""

from nrsfm_distill_mm.visualization.comparison import ComparisonRow, comparison_figure
from nrsfm_distill_mm.visualization.distillation_hook import (
    DistillationPicturesHook,
)
from nrsfm_distill_mm.visualization.figures import draw_overlay, draw_view, render
from nrsfm_distill_mm.visualization.lifter_visualizer import LifterCanvasVisualizer
from nrsfm_distill_mm.visualization.pose3d_visualizer import Pose3DCanvasVisualizer
from nrsfm_distill_mm.visualization.skeleton_style import SkeletonStyle, skeleton_style
from nrsfm_distill_mm.visualization.teacher_diagnostics_hook import (
    TeacherDiagnosticsHook,
)
from nrsfm_distill_mm.visualization.views import UnknownViewError

__all__ = [
    'ComparisonRow',
    'DistillationPicturesHook',
    'LifterCanvasVisualizer',
    'Pose3DCanvasVisualizer',
    'SkeletonStyle',
    'TeacherDiagnosticsHook',
    'UnknownViewError',
    'comparison_figure',
    'draw_overlay',
    'draw_view',
    'render',
    'skeleton_style',
]
