# 2D landmarks of synthetic humans for the teacher; images are not opened.
data_root = 'data/synthetic_humans'

train_dataloader = dict(
    batch_size=128,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='collate_landmark_batch'),
    dataset=dict(
        type='LandmarkBatchDataset',
        complete_only=True,
        dataset=dict(
            type='SyntheticHumanDataset',
            data_root=data_root,
            ann_file='annotation_body3d/fps50/h36m_train.npz',
            data_prefix=dict(img='images/'),
        ),
    ),
)
val_dataloader = dict(
    batch_size=1024,
    num_workers=0,
    sampler=dict(type='DefaultSampler', shuffle=False),
    collate_fn=dict(type='collate_landmark_batch'),
    dataset=dict(
        type='LandmarkBatchDataset',
        test_mode=True,
        dataset=dict(
            type='SyntheticHumanDataset',
            data_root=data_root,
            ann_file='annotation_body3d/fps50/h36m_test.npz',
            data_prefix=dict(img='images/'),
        ),
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='Pose3DErrorMetric')
test_evaluator = val_evaluator
