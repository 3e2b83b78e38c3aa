# For cameras nearer than some 10 radii of the object (4 m for people), all at about the
# same distance. Nothing of the camera needs to be known; it also tells which mirror image
# is real, without any 3D.
_base_ = ['deep-nrsfm_keypoint-array.py']

model = dict(perspective=True)
custom_hooks = _base_.custom_hooks
custom_hooks[2] = dict(type='DepthSignFromPerspectiveHook')
