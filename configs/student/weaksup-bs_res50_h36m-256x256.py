_base_ = ['distill_res50_h36m-256x256.py']

model = dict(
    head=dict(
        depth_loss=dict(
            _delete_=True,
            type='TeacherDepthLoss',
            codes_file=_base_.codes_file,
            loss_weight=0.5,
        )
    )
)
