# KEYPOINTS=x.npz HELD_OUT=y.npz IMAGES=folder python tools/train.py THIS, for pictures whose
# landmarks are annotated or found by a 2D network: they are given, and lifted by strips.
_base_ = [
    '../_base_/students/landmark_lifting.py',
    '../_base_/datasets/keypoint_array_images.py',
]
from importlib import import_module

input_size = (256, 256)
codec = dict(type='IntegralPose3DLabel', input_size=input_size)
train_pipeline = _base_.train_pipeline
train_pipeline[4] = dict(type='TopdownAffine', input_size=input_size)
train_pipeline[6] = dict(type='GenerateTarget', encoder=codec)
val_pipeline = _base_.val_pipeline
val_pipeline[2:3] = [train_pipeline[4], train_pipeline[6]]

description = import_module('mmpose.datasets.datasets.utils').parse_pose_metainfo
parents = import_module('nrsfm_distill_mm.skeletons').tree_of_links(
    description(_base_.metainfo)['skeleton_links'], _base_.num_keypoints
)
model = dict(
    head=dict(
        num_joints=_base_.num_keypoints,
        parents=parents,
        root_index=None,
        depth_loss=dict(
            type='TeacherDepthLoss',
            codes_file=_base_.codes_file,
            bone_weight=40.0,
            perspective=True,
            links=[(parent, i) for i, parent in enumerate(parents) if parent >= 0],
        ),
    )
)
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
val_evaluator = [_base_.val_evaluator[-1]]  # the 2D is given
test_evaluator = val_evaluator
visualizer = dict(root_index=None)
