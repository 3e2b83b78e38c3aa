# For limbs that move more freely than people's do in everyday life: the default may take some
# poses for their reflections, then, and half of its unseen poses are mirrored here. Where
# limbs are not that free this costs accuracy.
_base_ = ['deep-nrsfm_keypoint-array.py']

model = dict(mirror_share=0.5)
