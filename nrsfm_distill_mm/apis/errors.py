"""What can be wrong with inputs, boxes and checkpoints, each by its own name."""

from collections.abc import Mapping


class InferenceInputError(ValueError):
    """One of the inputs cannot be used; the others can."""


class UnreadableInputError(InferenceInputError):
    """An image, video or camera is missing, damaged, or of an unknown kind."""


class PersonBoxError(InferenceInputError):
    """Person boxes are missing, empty, not finite, or outside the picture."""


class PersonLandmarksError(InferenceInputError):
    """Landmarks are missing or superfluous, of another skeleton, or no numbers."""


class StudentCheckpointError(ValueError):
    """A checkpoint cannot be read, or is not one of the model that is asked for."""


class OutputArgumentError(ValueError):
    """A folder for results cannot be written, or they cannot have a format."""


class VideoWriterError(OSError):
    """A video cannot be written, for want of a codec or of permission."""


class DisplayError(RuntimeError):
    """Pictures are to be shown where there is no display."""


class FailedInputsError(InferenceInputError):
    """Some inputs failed; the results of all others have been given out.

    Attributes:
        failures: from the name of an input to what was wrong with it.
    """

    def __init__(self, failures: Mapping[str, InferenceInputError], total: int) -> None:
        self.failures = dict(failures)
        lines = '\n'.join(f'  {error}' for error in self.failures.values())
        super().__init__(f'{len(self.failures)} of {total} inputs failed:\n{lines}')


class NoPersonWarning(UserWarning):
    """A picture, or a whole video, in which nobody was found."""


def summary(
    failures: Mapping[str, InferenceInputError], total: int
) -> InferenceInputError:
    """What to raise at the end: the error itself if there was a single input."""
    if total == 1:
        return next(iter(failures.values()))
    return FailedInputsError(failures, total)
