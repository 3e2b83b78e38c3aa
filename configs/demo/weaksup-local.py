# The best student of 64 px that finds the landmarks (docs/student.md): patches at each bone,
# and the teacher's depth along it to copy.
_base_ = ['distill-local.py']

model = dict(
    head=dict(
        depth_loss=dict(
            type='TeacherDepthLoss',
            loss_weight=0.024,
            links=[(p, i) for i, p in enumerate(_base_.model.head.parents) if p >= 0],
        )
    )
)
