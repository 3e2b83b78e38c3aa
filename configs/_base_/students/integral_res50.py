# Integral regression in 3D with ResNet-50, as in Wang et al. 2019.
_base_ = ['integral_res18.py']

model = dict(
    backbone=dict(
        depth=50,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    head=dict(
        in_channels=2048,
        input_size=(256, 256),
        depth_size=64,
        decoder=dict(input_size=(256, 256)),
    ),
)

# The paper lowers the rate when the validation loss saturates; a fixed epoch
# stands in for that here.
train_cfg = dict(max_epochs=20, val_interval=1)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', milestones=[15], gamma=0.01, by_epoch=True),
]
