# The same, and a lifter of the whole 2D beside the strips: where the 2D tells much of the depth.
_base_ = ['distill-strips_synthetic-256x256.py']

model = dict(head=dict(whole_pose_channels=512))
