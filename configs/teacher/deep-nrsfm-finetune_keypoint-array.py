# TEACHER=y.pth KEYPOINTS=x.npz python tools/train.py \
#     configs/teacher/deep-nrsfm-finetune_keypoint-array.py
#
# A trained teacher learns other 2D of the same landmarks: other people, another capture.
# It lifts them far better afterwards, and what it was trained on worse. Its atoms stay:
# a few clips of a camera that stands still would teach it wrong ones.
_base_ = ['deep-nrsfm_keypoint-array.py']

load_from = '{{$TEACHER:work_dirs/deep-nrsfm_keypoint-array/iter_7000.pth}}'

max_iters = 1500
train_cfg = dict(max_iters=max_iters, val_interval=500)
optim_wrapper = dict(
    optimizer=dict(lr=5e-3),
    paramwise_cfg=dict(custom_keys=dict(first_dictionary=dict(lr_mult=0.0))),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=50),
    dict(
        type='LinearLR',
        start_factor=1.0,
        end_factor=0.01,
        by_epoch=False,
        begin=50,
        end=max_iters,
    ),
]
default_hooks = dict(checkpoint=dict(interval=500), logger=dict(interval=100))
