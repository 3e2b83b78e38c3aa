# Photographs (Leeds Sports Poses) for the student.
_base_ = ['lsp.py']

dataset_type = 'KeypointArrayDataset'
data_root = 'data/lsp'
metainfo = _base_.dataset_info
input_size = (128, 128)
codec = dict(type='IntegralPose3DLabel', input_size=input_size)
codes_file = 'work_dirs/deep-nrsfm_lsp/teacher_codes.safetensors'

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomBBoxTransform', scale_factor=(0.8, 1.25), rotate_factor=40),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='LoadTeacherCodes', codes_file=codes_file),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='PackPoseInputs'),
]

train_dataloader = dict(
    batch_size=32,
    num_workers=0,  # small photos cost more to hand over than to load
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='collate_pose_batch'),
    dataset=dict(
        type=dataset_type,
        metainfo=metainfo,
        data_root=data_root,
        ann_file='lsp_train.npz',
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=0,
    persistent_workers=False,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        metainfo=metainfo,
        data_root=data_root,
        ann_file='lsp_test.npz',
        data_prefix=dict(img='images/'),
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
# There is no 3D truth: 2D accuracy within a share of the person's box.
val_evaluator = [
    dict(type='PCKAccuracy', thr=0.1, norm_item='bbox', prefix='pck@0.1'),
    dict(type='PCKAccuracy', thr=0.2, norm_item='bbox', prefix='pck@0.2'),
]
test_evaluator = val_evaluator
