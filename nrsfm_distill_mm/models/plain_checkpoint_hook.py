"""PlainCheckpointHook: training writes checkpoints that are safe to read."""

from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.logging import HistoryBuffer
from mmengine.runner import BaseLoop, Runner
from mmpose.registry import HOOKS

from nrsfm_distill_mm.checkpoints import plain, plain_checkpoint, versions


@HOOKS.register_module()
class PlainCheckpointHook(Hook):
    """Checkpoints hold tensors, numbers and texts alone, and training is resumed as is.

    ``torch.load(weights_only=True)`` reads them. NumPy's arrays, such as those of
    ``dataset_meta``, become lists; the records of log values become tensors, and are
    records again in a run that resumes with this hook. ``meta`` gains ``versions``.
    """

    # After the hooks that add to a checkpoint.
    priority = 'LOWEST'

    def before_save_checkpoint(
        self, runner: Runner, checkpoint: dict[str, Any]
    ) -> None:
        """Make it plain, in place; what is in use stays as it is."""
        hub = checkpoint.get('message_hub')
        if hub is not None:
            scalars = {k: _as_tensors(v) for k, v in hub['log_scalars'].items()}
            # MMEngine would look for the values of the others, and warn.
            kept = {k: resumed for k, resumed in hub['resumed_keys'].items() if resumed}
            stored = {'log_scalars': scalars, 'resumed_keys': kept}
            checkpoint['message_hub'] = {**hub, **stored}
        checkpoint['meta'] = {**checkpoint['meta'], 'versions': versions()}
        checkpoint.update(plain_checkpoint(checkpoint))

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Give MMEngine its records back, and the arrays of the same landmarks."""
        hub = checkpoint.get('message_hub')
        if hub is not None:
            scalars = {k: _as_record(v) for k, v in hub['log_scalars'].items()}
            checkpoint['message_hub'] = {**hub, 'log_scalars': scalars}
        loop = runner._train_loop  # the property would build it, in a test too
        if isinstance(loop, BaseLoop):
            own = getattr(loop.dataloader.dataset, 'metainfo', None)
            meta = checkpoint.get('meta', {})
            if own is not None and meta.get('dataset_meta') == plain(own):
                checkpoint['meta'] = {**meta, 'dataset_meta': own}


def _as_tensors(record: Any) -> Any:
    if not isinstance(record, HistoryBuffer):
        return record
    values, counts = (torch.from_numpy(array) for array in record.data)
    return {'values': values, 'counts': counts, 'max_length': record.max_length}


def _as_record(stored: Any) -> Any:
    if not isinstance(stored, dict):
        return stored
    # Loading may have put them on an accelerator.
    values, counts = stored['values'].cpu().numpy(), stored['counts'].cpu().numpy()
    return HistoryBuffer(values, counts, stored['max_length'])
