# The student that sees no more of the image than a patch at each bone.
_base_ = ['distill.py']

model = dict(
    head=dict(
        type='LocalDepth3DHead',
        depth_size=1,
        parents=[-1, 0, 1, 2, 0, 4, 5, 0, 7, 8, 9, 8, 11, 12, 8, 14, 15],
    )
)
