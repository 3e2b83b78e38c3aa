# The same with their cameras' perspective, 4.5 m away.
_base_ = ['deep-nrsfm_synthetic-capture.py']

model = dict(perspective=True)
