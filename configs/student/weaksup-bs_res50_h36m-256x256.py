_base_ = ['distill_res50_h36m-256x256.py']

model = dict(
    head=dict(
        depth_loss=dict(
            type='TeacherDepthLoss',
            loss_weight=0.024,  # z weighs as much as x and y: 1 / 2P of 0.8 crop widths
        )
    )
)
