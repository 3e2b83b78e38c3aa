# A light student for a few hundred photos; half of ResNet-18's channels.
_base_ = [
    '../_base_/students/integral_res18.py',
    '../_base_/datasets/lsp_images.py',
]

model = dict(
    backbone=dict(base_channels=32),
    head=dict(
        in_channels=256,
        num_joints=14,
        root_index=None,
        depth_size=8,
        deconv_out_channels=(64, 64),
        deconv_kernel_sizes=(4, 4),
        loss=dict(type='L1Loss', use_target_weight=True, loss_weight=10.0),
        depth_loss=dict(type='NRSfMDistillLoss', codes_file=_base_.codes_file),
    ),
)
visualizer = dict(root_index=2)  # a hip, in the middle of the body

train_cfg = dict(max_epochs=40, val_interval=10)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(type='MultiStepLR', milestones=[30, 37], gamma=0.2, by_epoch=True),
]
