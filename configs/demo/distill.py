# The distilled student of `make demo`: three narrow stages of ResNet-18, for 64 x 64 px.
_base_ = ['../student/distill_res18_synthetic-128x128.py']

data_root = 'data/synthetic_humans_64'
input_size = (64, 64)
codec = dict(type='IntegralPose3DLabel', input_size=input_size)
codes_file = 'work_dirs/demo/teacher_codes.safetensors'

model = dict(
    channels_last=True,
    backbone=dict(
        base_channels=16,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(2,),
    ),
    head=dict(
        in_channels=64,
        input_size=input_size,
        depth_size=8,
        deconv_out_channels=(64,),
        deconv_kernel_sizes=(4,),
        decoder=codec,
        depth_loss=dict(codes_file=codes_file),
    ),
)

train_pipeline = [
    dict(type='LoadImage'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=input_size),
    dict(type='LoadTeacherCodes', codes_file=codes_file),
    dict(type='GenerateTarget', encoder=codec),
    dict(type='PackPoseInputs'),
]
val_pipeline = _base_.val_pipeline
val_pipeline[2] = dict(type='TopdownAffine', input_size=input_size)

train_dataloader = dict(
    batch_size=64,
    num_workers=0,  # small samples cost more to hand over than to load
    persistent_workers=False,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(data_root=data_root, pipeline=val_pipeline),
)
test_dataloader = val_dataloader

max_epochs = 4
train_cfg = dict(max_epochs=max_epochs, val_interval=max_epochs)
optim_wrapper = dict(optimizer=dict(lr=4e-3))
auto_scale_lr = dict(base_batch_size=64)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        T_max=max_epochs,
        eta_min=1e-5,
        convert_to_iter_based=True,
    ),
]
