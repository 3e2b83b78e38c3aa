# Your images for the student: KEYPOINTS and HELD_OUT name the files of landmarks, IMAGES
# their folder, SKELETON the config that describes the landmarks.
from importlib import import_module

dataset_type = 'KeypointArrayDataset'
ann_file = '{{$KEYPOINTS:data/keypoints.npz}}'
held_out = '{{$HELD_OUT:data/held_out.npz}}'
images = '{{$IMAGES:data/images}}'
metainfo = dict(from_file='{{$SKELETON:configs/_base_/datasets/h36m.py}}')
description = import_module('mmpose.datasets.datasets.utils').parse_pose_metainfo
num_keypoints = description(metainfo)['num_keypoints']
flip_indices = description(metainfo)['flip_indices']
# The mirror image of what has no sides, such as a hand, is another thing.
flip_prob = 0.0 if flip_indices == sorted(flip_indices) else 0.5
input_size = (128, 128)
codec = dict(type='IntegralPose3DLabel', input_size=input_size)
codes_file = 'work_dirs/deep-nrsfm_keypoint-array/teacher_codes.safetensors'

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal', prob=flip_prob),
    dict(type='RandomBBoxTransform', scale_factor=(0.8, 1.25), rotate_factor=40),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='LoadTeacherCodes', codes_file=codes_file, partial='mask'),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=input_size),
    dict(
        type='PackPoseInputs',
        meta_keys=(
            'id', 'img_id', 'img_path', 'ori_shape', 'img_shape', 'input_size',
            'input_center', 'input_scale', 'flip_indices', 'keypoints_3d', 'action',
        ),
    ),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='collate_pose_batch'),
    dataset=dict(
        type=dataset_type,
        metainfo=metainfo,
        ann_file=ann_file,
        data_prefix=dict(img=images),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        metainfo=metainfo,
        ann_file=held_out,
        data_prefix=dict(img=images),
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
# 2D accuracy within a share of the box, and errors in mm where the file has 3D.
val_evaluator = [
    dict(type='PCKAccuracy', thr=0.1, norm_item='bbox', prefix='pck@0.1'),
    dict(type='PCKAccuracy', thr=0.2, norm_item='bbox', prefix='pck@0.2'),
    dict(type='Pose3DErrorMetric', truth_required=False),
]
test_evaluator = val_evaluator
