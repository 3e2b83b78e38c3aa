# Patches at each bone, and the teacher's depth along it to copy.
_base_ = ['distill-local_res50_synthetic-256x256.py']

model = dict(
    head=dict(
        depth_loss=dict(
            type='TeacherDepthLoss',
            loss_weight=0.024,
            links=[(p, i) for i, p in enumerate(_base_.model.head.parents) if p >= 0],
        )
    )
)
