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
        depth_size=32,
        decoder=dict(input_size=(256, 256)),
    ),
)

# 1e-3 until the validation saturates, then 1e-5. What is watched is the 2D error:
# 3D labels have no part in training.
train_cfg = dict(max_epochs=20, val_interval=1)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=500),
    dict(type='ReduceOnPlateauLR', monitor='EPE', rule='less', factor=0.01, patience=2),
]
