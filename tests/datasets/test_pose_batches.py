"""Batches of images are the same batches, however they are handed over."""

import pickle
from multiprocessing.reduction import ForkingPickler
from typing import Any

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmengine.structures import InstanceData
from mmpose.models import PoseDataPreprocessor
from mmpose.structures import PoseDataSample
from torch.utils.data import DataLoader

from nrsfm_distill_mm.datasets import collate_pose_batch


def packed(index: int) -> dict[str, Any]:
    """What ``PackPoseInputs`` makes of a sample."""
    generator = torch.Generator().manual_seed(index)
    image = torch.randint(255, (3, 6, 4), generator=generator, dtype=torch.uint8)
    sample = PoseDataSample(metainfo={'img_path': f'{index}.jpg', 'id': index})
    sample.gt_instances = InstanceData(bboxes=np.float32([[index, 0, 4, 6]]))
    sample.gt_instance_labels = InstanceData(
        keypoint_labels=torch.randn(1, 5, 2, generator=generator),
        teacher_id=torch.tensor([2**55 + index]),
    )
    return {'inputs': image, 'data_samples': sample}


def assert_samples_equal(found: Any, expected: Any) -> None:
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one.metainfo == other.metainfo
        np.testing.assert_array_equal(
            one.gt_instances.bboxes, other.gt_instances.bboxes
        )
        labels = dict(other.gt_instance_labels.items())
        assert dict(one.gt_instance_labels.items()).keys() == labels.keys()
        for name, value in labels.items():
            torch.testing.assert_close(
                one.gt_instance_labels[name], value, rtol=0, atol=0
            )


@pytest.mark.parametrize('workers', [0, 2])
def test_the_model_sees_the_same_batch(workers: int) -> None:
    samples = [packed(index) for index in range(6)]
    loader = DataLoader(
        samples,
        batch_size=3,
        collate_fn=collate_pose_batch,
        num_workers=workers,
        multiprocessing_context='fork' if workers else None,
    )
    model_input = PoseDataPreprocessor(
        mean=[1.0, 2.0, 3.0], std=[4.0, 5.0, 6.0], bgr_to_rgb=True
    )
    for start, batch in zip((0, 3), loader, strict=True):
        found = model_input(batch, training=True)
        expected = model_input(pseudo_collate(samples[start : start + 3]))
        torch.testing.assert_close(found['inputs'], expected['inputs'], rtol=0, atol=0)
        assert_samples_equal(found['data_samples'], expected['data_samples'])


def test_labels_can_be_written_to_after_a_hand_over() -> None:
    batch = collate_pose_batch([packed(0)])
    label = pickle.loads(pickle.dumps(batch))['data_samples'][0].gt_instance_labels
    label.keypoint_labels += 1
    expected = packed(0)['data_samples'].gt_instance_labels.keypoint_labels + 1
    torch.testing.assert_close(label.keypoint_labels, expected)


def test_only_the_images_are_handed_over_in_a_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    files = []
    share = torch.UntypedStorage._share_fd_cpu_

    def counted(storage: Any, *args: Any) -> Any:
        files.append(storage)
        return share(storage, *args)

    monkeypatch.setattr(torch.UntypedStorage, '_share_fd_cpu_', counted)
    ForkingPickler.dumps(collate_pose_batch([packed(index) for index in range(3)]))
    assert len(files) == 1
