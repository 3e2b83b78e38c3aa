_base_ = [
    '../_base_/students/integral_res50.py',
    '../_base_/datasets/coco_images.py',
]

model = dict(
    head=dict(
        root_index=None,  # z is relative to the landmarks' mean: there is no pelvis
        depth_loss=dict(
            type='NRSfMDistillLoss',
            codes_file=_base_.codes_file,
            loss_weight=0.03,  # the sum of Eq. 15 is 2P = 34 times a mean
        ),
    )
)
visualizer = dict(root_index=11)  # a hip, in the middle of the body
