# Images of synthetic humans for the student.
dataset_type = 'SyntheticHumanDataset'
data_root = 'data/synthetic_humans'
input_size = (128, 128)
codec = dict(type='IntegralPose3DLabel', input_size=input_size)
codes_file = 'work_dirs/deep-nrsfm_synthetic/teacher_codes.safetensors'

# No mirror images: left and right are told apart by the colour of the clothes.
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomBBoxTransform', shift_factor=0.05, rotate_factor=30),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='LoadTeacherCodes', codes_file=codes_file),
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
        data_root=data_root,
        ann_file='annotation_body3d/fps50/h36m_train.npz',
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=2,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotation_body3d/fps50/h36m_test.npz',
        data_prefix=dict(img='images/'),
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='Pose3DErrorMetric')
test_evaluator = val_evaluator
