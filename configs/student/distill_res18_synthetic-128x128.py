_base_ = [
    '../_base_/students/integral_res18.py',
    '../_base_/datasets/synthetic_images.py',
]

model = dict(
    head=dict(depth_loss=dict(type='NRSfMDistillLoss', codes_file=_base_.codes_file))
)
