# Synthetic humans in the poses of real ones (tools/make_synthetic_humans.py --poses), whose
# limbs are not that free.
_base_ = ['deep-nrsfm_synthetic.py']

model = dict(mirror_share=0.0)
