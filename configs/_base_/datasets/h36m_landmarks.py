# 2D landmarks of Human3.6M for the teacher, in the layout of MMPose.
data_root = 'data/h36m'
train_subjects = ['S1', 'S5', 'S6', 'S7', 'S8']
test_subjects = ['S9', 'S11']

train_dataloader = dict(
    batch_size=128,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='collate_landmark_batch'),
    dataset=dict(
        type='LandmarkBatchDataset',
        complete_only=True,
        dataset=dict(
            type='Human36mDistillDataset',
            data_root=data_root,
            ann_file='annotation_body3d/fps10/h36m_train.npz',
            subjects=train_subjects,
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
            type='Human36mDistillDataset',
            data_root=data_root,
            ann_file='annotation_body3d/fps10/h36m_test.npz',
            subjects=test_subjects,
            data_prefix=dict(img='images/'),
        ),
    ),
)
test_dataloader = val_dataloader
val_evaluator = dict(type='Pose3DErrorMetric')
test_evaluator = val_evaluator
