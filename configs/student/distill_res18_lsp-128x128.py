# A light student for some 1,600 photos: three stages of ResNet-18, half its channels.
_base_ = [
    '../_base_/students/integral_res18.py',
    '../_base_/datasets/lsp_images.py',
]

model = dict(
    backbone=dict(
        base_channels=32,
        num_stages=3,
        strides=(1, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(2,),
    ),
    head=dict(
        in_channels=128,
        num_joints=14,
        root_index=None,
        depth_size=8,
        deconv_out_channels=(64,),
        deconv_kernel_sizes=(4,),
        depth_loss=dict(
            type='NRSfMDistillLoss', codes_file=_base_.codes_file, loss_weight=0.03
        ),
    ),
)
visualizer = dict(root_index=2)  # a hip, in the middle of the body

max_epochs = 40
train_cfg = dict(max_epochs=max_epochs, val_interval=5)
optim_wrapper = dict(optimizer=dict(lr=2e-3))
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        T_max=max_epochs,
        eta_min=1e-5,
        convert_to_iter_based=True,
    ),
]
