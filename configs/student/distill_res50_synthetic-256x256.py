_base_ = [
    '../_base_/students/integral_res50.py',
    '../_base_/datasets/synthetic_images.py',
]

input_size = (256, 256)
codec = dict(type='IntegralPose3DLabel', input_size=input_size)
train_pipeline = _base_.train_pipeline
train_pipeline[3] = dict(type='TopdownAffine', input_size=input_size)
train_pipeline[5] = dict(type='GenerateTarget', encoder=codec)
val_pipeline = _base_.val_pipeline
val_pipeline[2] = dict(type='TopdownAffine', input_size=input_size)

model = dict(
    head=dict(
        depth_loss=dict(
            type='NRSfMDistillLoss', codes_file=_base_.codes_file, loss_weight=0.03
        )
    )
)
auto_scale_lr = dict(base_batch_size=64)
train_cfg = dict(max_epochs=8, val_interval=4)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(type='MultiStepLR', milestones=[6, 7], gamma=0.1, by_epoch=True),
]
train_dataloader = dict(batch_size=64, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = val_dataloader
val_evaluator = [_base_.test_evaluator, dict(type='EPE')]  # EPE: of the 2D, px
