"""Where the results of a run come from: configs, checkpoint, seed, versions."""

from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from mmengine.logging import MessageHub

from nrsfm_distill_mm.checkpoints import (
    UnsafeCheckpointError,
    load_checkpoint,
    versions,
)
from nrsfm_distill_mm.stored_config import stored_config


def run_provenance() -> dict[str, Any]:
    """What is known of the run that is on, and of the training of its model.

    Returns:
        ``stage`` (``test``, or ``val``), ``config`` (text), ``checkpoint`` (name and
        sha256), ``versions``, and of the ``training`` its ``config``, ``seed`` and
        ``iterations``: out of the checkpoint if one is tested. Empty texts and None
        where nothing is known.
    """
    hub = MessageHub.get_current_instance()
    config = hub.get_info('cfg') or ''
    stage = hub.get_info('loop_stage') or ''
    found = {
        'stage': stage,
        'config': config,
        'checkpoint': '',
        'versions': versions(),
    }
    if hub.get_info('max_iters') is not None:  # this run is the training
        # MMEngine notes it before each, from 0.
        iterations = hub.get_info('iter', -1) + 1
        training = {
            'config': config,
            'seed': hub.get_info('seed'),
            'iterations': iterations,
        }
        return {**found, 'training': training}
    path = checkpoint_path(config)
    meta: dict[str, Any] = {}
    if path:
        with suppress(UnsafeCheckpointError):  # results outweigh their origin
            meta = load_checkpoint(path).get('meta') or {}
    training = {
        'config': meta.get('cfg', ''),
        'seed': meta.get('seed'),
        'iterations': meta.get('iter'),
    }
    checkpoint = f'{path.name} {sha256(path.read_bytes()).hexdigest()}' if path else ''
    return {**found, 'checkpoint': checkpoint, 'training': training}


def checkpoint_path(config_text: str) -> Path | None:
    """The file that a config loads, if there is one."""
    config = stored_config(config_text)
    path = Path(config.get('load_from') or '')
    return path if path.is_file() else None
