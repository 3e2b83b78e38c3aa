_base_ = ['distill_res18_synthetic-128x128.py']

model = dict(
    head=dict(
        depth_loss=dict(
            _delete_=True,
            type='TeacherDepthLoss',
            codes_file=_base_.codes_file,
            loss_weight=0.5,  # z weighs as much as x and y, each a mean
        )
    )
)
