# The teacher of the synthetic people with their cameras' perspective, 4.5 m away.
_base_ = ['deep-nrsfm_synthetic.py']

model = dict(perspective=True)
