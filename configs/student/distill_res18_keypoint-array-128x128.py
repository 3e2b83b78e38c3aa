# KEYPOINTS=x.npz HELD_OUT=y.npz IMAGES=folder python tools/train.py \
#     configs/student/distill_res18_keypoint-array-128x128.py
_base_ = [
    '../_base_/students/integral_res18.py',
    '../_base_/datasets/keypoint_array_images.py',
]

model = dict(
    head=dict(
        num_joints=_base_.num_keypoints,
        root_index=None,
        depth_loss=dict(
            type='NRSfMDistillLoss', codes_file=_base_.codes_file, loss_weight=0.03
        ),
    )
)
visualizer = dict(root_index=None)  # the middle of whatever it is
