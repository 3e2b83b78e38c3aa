# True depth, twice the channels and four times the passes: what the images show.
_base_ = ['distill.py']

train_pipeline = _base_.train_pipeline
train_pipeline[3] = dict(type='LoadDepthLabels')
train_pipeline.insert(
    2,
    dict(
        type='RandomBBoxTransform',
        shift_factor=0.05,
        scale_factor=(0.85, 1.15),
        rotate_factor=15,
    ),
)

model = dict(
    backbone=dict(base_channels=32),
    head=dict(in_channels=128, depth_loss=None),
)
train_dataloader = dict(dataset=dict(load_3d=True, pipeline=train_pipeline))

max_epochs = 16
train_cfg = dict(max_epochs=max_epochs, val_interval=4)
param_scheduler = _base_.param_scheduler
param_scheduler[1].T_max = max_epochs
