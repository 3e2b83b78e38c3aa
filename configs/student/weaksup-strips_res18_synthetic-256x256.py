# Who finds the landmarks as well, at half the resolution. A CPU will do, better with --amp.
_base_ = ['weaksup-strips_synthetic-256x256.py']

val_pipeline = [*_base_.val_pipeline[:3], _base_.val_pipeline[-1]]

model = dict(
    backbone_pooling=2,
    backbone=dict(
        type='ResNet',
        depth=18,
        stem_channels=32,
        base_channels=32,
        out_indices=(0, 1, 2, 3),
    ),
    neck=dict(type='FinestFPN', in_channels=(32, 64, 128, 256), out_channels=64),
    head=dict(
        type='LocalDepth3DHead',
        in_channels=64,
        deconv_out_channels=(),
        strip_width=0.04,
        channels=32,
    ),
)
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader

max_epochs = 8
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        T_max=max_epochs,
        eta_min=1e-5,
        convert_to_iter_based=True,
    ),
]
