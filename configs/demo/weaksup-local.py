# The best student of 64 px (docs/student.md): patches at each bone, and the teacher's depth
# along it to copy.
_base_ = ['distill-local.py']

model = dict(
    head=dict(
        depth_loss=dict(
            _delete_=True,
            type='TeacherDepthLoss',
            codes_file=_base_.codes_file,
            loss_weight=0.024,
            links=[
                (0, 1), (1, 2), (2, 3), (0, 4), (4, 5), (5, 6), (0, 7), (7, 8),
                (8, 9), (9, 10), (8, 11), (11, 12), (12, 13), (8, 14), (14, 15), (15, 16),
            ],
        )
    )
)
