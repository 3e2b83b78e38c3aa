# Images of Human3.6M for the student, in the layout of MMPose.
dataset_type = 'Human36mDistillDataset'
data_root = 'data/h36m'
train_subjects = ['S1', 'S5', 'S6', 'S7', 'S8']
test_subjects = ['S9', 'S11']
input_size = (256, 256)
codec = dict(type='IntegralPose3DLabel', input_size=input_size)
codes_file = 'work_dirs/deep-nrsfm_h36m/teacher_codes.safetensors'

# As in integral regression: turns by up to 60 degrees, 32 in the mean square.
augmentation = [
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomHalfBody'),
    dict(
        type='RandomBBoxTransform',
        shift_factor=0.05,
        scale_factor=(0.75, 1.25),
        rotate_factor=60,
    ),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='PhotometricDistortion'),
    dict(type='RandomOcclusion'),
]
# The boxes of Human3.6M's annotation have their margin already.
train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
    *augmentation,
    dict(type='LoadTeacherCodes', codes_file=codes_file),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale', padding=1.0),
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
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='collate_pose_batch'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotation_body3d/fps10/h36m_train.npz',
        subjects=train_subjects,
        data_prefix=dict(img='images/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotation_body3d/fps10/h36m_test.npz',
        subjects=test_subjects,
        data_prefix=dict(img='images/'),
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
test_evaluator = dict(type='Pose3DErrorMetric')
val_evaluator = [test_evaluator, dict(type='EPE')]  # EPE: of the 2D, px
