# 2D landmarks of photographs (Leeds Sports Poses) for the teacher.
_base_ = ['lsp.py']

data_root = 'data/lsp'
metainfo = _base_.dataset_info

train_dataloader = dict(
    batch_size=256,
    num_workers=0,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    collate_fn=dict(type='collate_landmark_batch'),
    dataset=dict(
        type='LandmarkBatchDataset',
        complete_only=True,
        mirror=True,
        rotation=180,  # gymnasts stand on their hands
        dataset=dict(
            type='KeypointArrayDataset',
            metainfo=metainfo,
            data_root=data_root,
            ann_file='lsp_train.npz',
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
            type='KeypointArrayDataset',
            metainfo=metainfo,
            data_root=data_root,
            ann_file='lsp_test.npz',
            data_prefix=dict(img='images/'),
        ),
    ),
)
test_dataloader = val_dataloader
# There is no 3D truth: the codes' reprojection error of held-out photos is reported.
val_evaluator = dict(
    type='TeacherCodeWriter',
    out_file='work_dirs/deep-nrsfm_lsp/held_out_codes.safetensors',
)
test_evaluator = val_evaluator
