"""What the README beside a generated data set says."""

from __future__ import annotations

from collections.abc import Mapping

SUPERVISED_ERRORS_MM: dict[str, float | None] = {
    'from the 2D landmarks alone': 52.8,
    'from the image (64 px, 16 passes)': 44.8,
}
"""Depth error of supervised networks on the held-out subjects, mm; None: not known."""

_CARD = """# Synthetic humans

{num} pictures of articulated bodies ({train} for training, {test} of held-out
subjects), {size} x {size} px, made by `tools/make_synthetic_humans.py` in the layout
that MMPose uses for Human3.6M. Nothing here shows a real person.

![Some of the pictures](contact_sheet.png)

| file | what |
|---|---|
| `images/<subject>/<sequence>/*.jpg` | the pictures |
| `annotation_body3d/fps50/h36m_train.npz` | subjects S1, S5, S6, S7, S8 |
| `annotation_body3d/fps50/h36m_test.npz` | subjects S9, S11, other bodies |
| `annotation_body3d/cameras.pkl` | cameras by (subject, id): metres, no distortion |

Poses that were given have bodies of their own, and the last sixth of them is in the
test.

Each annotation file holds `imgname`; `center` (N, 2) px and `scale` (N,), the box in
units of 200 px; `part` (N, 17, 3), px and visibility; `S` (N, 17, 4), camera frame in
metres (x right, y down, z away from the viewer) and confidence. Pixel centres have
integer coordinates. For row vectors `X_camera = (X_world - T) @ R`, with z up in the
world.

Four cameras (54138969, 55011271, 58860488, 60457274) stand about 90 degrees apart, 6 to
12 degrees above the subject; twelve more per subject have any azimuth and lie within 15
degrees of the horizon. Headings are random. The light comes from the front and above,
and what is farther away is darker. Left limbs have warm colours, right limbs cool ones.

The limbs move nearly independently, so that the 2D landmarks leave their depth open
while the picture shows it. Depth error of supervised networks on held-out subjects:

| seen by the network | depth error |
|---|---|
{errors}

## How it was made

| | |
|---|---|
{record}
"""


def dataset_card(record: Mapping[str, object], num_test: int) -> str:
    """The README's text for a record of arguments and versions."""
    num = int(str(record['num']))
    errors = (
        f'| {name} | ' + ('not measured' if value is None else f'{value:.0f} mm') + ' |'
        for name, value in SUPERVISED_ERRORS_MM.items()
    )
    return _CARD.format(
        num=num,
        train=num - num_test,
        test=num_test,
        size=record['size'],
        errors='\n'.join(errors),
        record='\n'.join(f'| {name} | {value} |' for name, value in record.items()),
    )
