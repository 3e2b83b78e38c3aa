# 2D landmarks of COCO's people for the teacher, in the layout of MMPose.
data_root = 'data/coco'

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
            type='CocoDataset',
            data_root=data_root,
            ann_file='annotations/person_keypoints_train2017.json',
            data_prefix=dict(img='train2017/'),
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
            type='CocoDataset',
            data_root=data_root,
            ann_file='annotations/person_keypoints_val2017.json',
            data_prefix=dict(img='val2017/'),
        ),
    ),
)
test_dataloader = val_dataloader
# There is no 3D truth: the codes' reprojection error of held-out images is reported.
val_evaluator = dict(
    type='TeacherCodeWriter',
    out_file='work_dirs/deep-nrsfm_coco/held_out_codes.safetensors',
)
test_evaluator = val_evaluator
