"""Inference for callers: people in 3D from pictures, videos and webcams."""

from nrsfm_distill_mm.apis.errors import (
    DisplayError,
    FailedInputsError,
    InferenceInputError,
    NoPersonWarning,
    OutputArgumentError,
    PersonBoxError,
    PersonLandmarksError,
    StudentCheckpointError,
    UnreadableInputError,
    VideoWriterError,
)
from nrsfm_distill_mm.apis.inferencer import ImagePose3DInferencer
from nrsfm_distill_mm.visualization import UnknownViewError

__all__ = [
    'DisplayError',
    'FailedInputsError',
    'ImagePose3DInferencer',
    'InferenceInputError',
    'NoPersonWarning',
    'OutputArgumentError',
    'PersonBoxError',
    'PersonLandmarksError',
    'StudentCheckpointError',
    'UnknownViewError',
    'UnreadableInputError',
    'VideoWriterError',
]
