_base_ = [
    '../_base_/students/integral_res50.py',
    '../_base_/datasets/h36m_mpii_images.py',
]

model = dict(
    head=dict(
        depth_loss=dict(
            type='NRSfMDistillLoss',
            codes_file=_base_.codes_file,
            loss_weight=0.03,  # the sum of Eq. 15 is 2P = 34 times a mean
        )
    )
)
