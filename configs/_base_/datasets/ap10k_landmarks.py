# 2D landmarks of AP-10K's animals for the teacher, in the layout of MMPose.
data_root = 'data/ap10k'

# Those who show less than half of themselves teach little about the rest.
train_dataloader = dict(
    batch_size=128,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='collate_landmark_batch'),
    dataset=dict(
        type='LandmarkBatchDataset',
        min_visible=9,
        dataset=dict(
            type='AP10KDataset',
            data_root=data_root,
            ann_file='annotations/ap10k-train-split1.json',
            data_prefix=dict(img='data/'),
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
            type='AP10KDataset',
            data_root=data_root,
            ann_file='annotations/ap10k-val-split1.json',
            data_prefix=dict(img='data/'),
        ),
    ),
)
test_dataloader = val_dataloader
# There is no 3D truth: the codes' reprojection error of held-out images is reported.
val_evaluator = dict(
    type='TeacherCodeWriter',
    out_file='work_dirs/deep-nrsfm_ap10k/held_out_codes.safetensors',
)
test_evaluator = val_evaluator
