# KEYPOINTS=x.npz HELD_OUT=y.npz IMAGES=folder python tools/train.py THIS --amp, for pictures
# whose landmarks the student is to find as well.
_base_ = ['weaksup-strips_keypoint-array-256x256.py']

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
val_evaluator = [
    dict(type='PCKAccuracy', thr=0.1, norm_item='bbox', prefix='pck@0.1'),
    dict(type='PCKAccuracy', thr=0.2, norm_item='bbox', prefix='pck@0.2'),
    *_base_.val_evaluator,
]
test_evaluator = val_evaluator

train_cfg = dict(max_epochs=20, val_interval=5)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        T_max=20,
        eta_min=1e-5,
        convert_to_iter_based=True,
    ),
]
