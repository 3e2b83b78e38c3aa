# Images of AP-10K's animals for the student, in the layout of MMPose.
dataset_type = 'AP10KDataset'
data_root = 'data/ap10k'
input_size = (256, 256)
codec = dict(type='IntegralPose3DLabel', input_size=input_size)
codes_file = 'work_dirs/deep-nrsfm_ap10k/teacher_codes.safetensors'

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='RandomFlip', direction='horizontal'),
    dict(type='RandomBBoxTransform', scale_factor=(0.8, 1.25), rotate_factor=40),
    dict(type='TopdownAffine', input_size=input_size),
    # Few show all of themselves.
    dict(type='LoadTeacherCodes', codes_file=codes_file, partial='mask'),
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
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    collate_fn=dict(type='collate_pose_batch'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/ap10k-train-split1.json',
        data_prefix=dict(img='data/'),
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
        ann_file='annotations/ap10k-val-split1.json',
        data_prefix=dict(img='data/'),
        pipeline=val_pipeline,
        test_mode=True,
    ),
)
test_dataloader = val_dataloader
# There is no 3D truth: 2D accuracy, within the annotated boxes.
test_evaluator = dict(
    type='CocoMetric', ann_file=f'{data_root}/annotations/ap10k-val-split1.json'
)
val_evaluator = [test_evaluator, dict(type='EPE')]  # EPE: of the 2D, px
