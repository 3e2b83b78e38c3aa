"""CheckTeacherHook: a run goes on with the whole teacher of a checkpoint, or stops."""

from typing import Any

from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import HOOKS

from nrsfm_distill_mm.models.load_teacher import TeacherCheckpointError
from nrsfm_distill_mm.models.unwrapped import unwrapped
from nrsfm_distill_mm.stored_config import stored_config


class OtherLandmarksError(ValueError):
    """A dataset has other landmarks than the teacher."""


@HOOKS.register_module()
class CheckTeacherHook(Hook):
    """Refuse a checkpoint that does not fit the config's teacher.

    MMEngine loads what fits and leaves the rest as it was drawn; half a teacher would
    write codes all the same.
    """

    priority = 'VERY_HIGH'

    def __init__(self) -> None:
        self.loaded: Any = None

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare weights and landmarks, before they are loaded.

        Raises:
            TeacherCheckpointError: the checkpoint's are others.
        """
        source = runner.cfg.get('load_from') or 'the checkpoint'
        state = checkpoint.get('state_dict', checkpoint)
        expected, found = (
            {name: tuple(value.shape) for name, value in weights.items()}
            for weights in (unwrapped(runner).state_dict(), state)
        )
        wrong = sorted(dict(expected.items() ^ found.items()))
        if wrong:
            raise TeacherCheckpointError(
                f"{source}: expected the weights of the config's teacher, but "
                f'{wrong[0]} should be {_shape(expected, wrong[0])} and is '
                f'{_shape(found, wrong[0])} ({len(wrong)} are wrong); see '
                'model.perspective, model.code_sizes and the number of landmarks'
            )
        meta = checkpoint.get('meta', {})
        own, saved = _metainfo(runner), meta.get('dataset_meta')
        if saved and not _same_landmarks(saved, own):
            raise TeacherCheckpointError(
                f'{source}: expected a teacher of the landmarks of the config, '
                f'"{own["dataset_name"]}", got one of "{saved["dataset_name"]}", which '
                'are others'
            )
        if 'cfg' in meta:
            self.loaded = stored_config(meta['cfg']).model

    def before_train(self, runner: Runner) -> None:
        """What is trained here is the config's teacher, whatever it was before.

        Raises:
            OtherLandmarksError: the dataset has other landmarks than the model.
        """
        self.loaded = None
        _check_landmarks(runner, runner.train_dataloader.dataset)

    def before_test(self, runner: Runner) -> None:
        """Compare the landmarks, and which of them are believed.

        Raises:
            OtherLandmarksError: the dataset has other landmarks than the model.
            TeacherCheckpointError: other ones are believed than in training.
        """
        _check_landmarks(runner, runner.test_dataloader.dataset)
        if self.loaded is None:
            return
        own = unwrapped(runner).outlier_distance
        trained = self.loaded.get('outlier_distance')
        if own != trained:
            raise TeacherCheckpointError(
                f'{runner.cfg.load_from}: expected a teacher with outlier_distance='
                f'{own}, as the config has it, got one with {trained}; see '
                'model.outlier_distance'
            )


def _check_landmarks(runner: Runner, dataset: Any) -> None:
    """Refuse a dataset of other landmarks, of which there may be as many."""
    own, found = _metainfo(runner), dataset.metainfo
    if not _same_landmarks(found, own):
        raise OtherLandmarksError(
            f'dataset.metainfo: expected the landmarks of model.metainfo, '
            f'"{own["dataset_name"]}", got those of "{found["dataset_name"]}"'
        )


def _metainfo(runner: Runner) -> Any:
    own = runner.cfg.model.metainfo
    return own if 'num_keypoints' in own else parse_pose_metainfo(dict(own))


def _same_landmarks(one: Any, other: Any) -> bool:
    return dict(one['keypoint_id2name']) == dict(other['keypoint_id2name'])


def _shape(shapes: dict[str, tuple[int, ...]], name: str) -> str:
    return str(shapes[name]) if name in shapes else 'absent'
