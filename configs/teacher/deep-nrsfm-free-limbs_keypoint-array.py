# Where limbs move more freely than people's do in everyday life, the default may take some
# poses for their reflections. Half of the unseen poses are mirrored against that, which
# costs accuracy where limbs are not that free.
_base_ = ['deep-nrsfm_keypoint-array.py']

model = dict(mirror_share=0.5)
