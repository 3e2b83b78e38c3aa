# Weaksup-bs: the same student, made to copy the teacher's depth.
_base_ = ['distill.py']

model = dict(
    head=dict(
        depth_loss=dict(
            type='TeacherDepthLoss',
            loss_weight=0.024,  # z weighs as much as x and y: 1 / 2P of 0.8 crop widths
        )
    )
)
