_base_ = [
    '../_base_/students/integral_res18.py',
    '../_base_/datasets/synthetic_images.py',
]

model = dict(
    head=dict(
        # The sum over landmarks of Eq. 15 is 2P = 34 times the mean of `L1Loss`.
        depth_loss=dict(
            type='NRSfMDistillLoss', codes_file=_base_.codes_file, loss_weight=0.03
        )
    )
)
