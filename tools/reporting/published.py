"""Tables 1 to 4 as printed in Wang, Kong, Lucey, ICCV 2019; errors in mm.

Without the three columns of Table 2 that mark the methods' supervision.
"""

from dataclasses import dataclass

SOURCE = (
    'C. Wang, C. Kong, S. Lucey: Distill Knowledge from NRSfM for Weakly Supervised '
    '3D Pose Learning, ICCV 2019'
)
ECCV18 = 'H3.6M, ECCV18 challenge'
TRAINING_SET = f'{ECCV18}, training set'
VALIDATION_SET = 'H3.6M, validation set'
CODE_WEIGHT = 0.3
"""Of the distilled student in Tables 1 to 3."""

Cells = tuple[float | None, ...]


@dataclass(frozen=True)
class PublishedRow:
    """One row: a method, what it was measured on, its figures."""

    method: str
    data: str
    cells: Cells


COLUMNS = {
    1: {'pa_mpjpe': 'PA-MPJPE', 'mpjpe': 'MPJPE', 'depth_error': 'depth error'},
    2: {'pa_mpjpe': 'PA-MPJPE', 'mpjpe': 'MPJPE'},
    3: {
        'Directions': 'Direct.',
        'Discussion': 'Disc.',
        'Eating': 'Eat',
        'Greeting': 'Greet',
        'Phoning': 'Phone',
        'Photo': 'Photo',
        'Posing': 'Pose',
        'Purchases': 'Purch.',
        'Sitting': 'Sit',
        'SittingDown': 'SitD',
        'Smoking': 'Smoke',
        'Waiting': 'Wait',
        'Walking': 'Walk',
        'WalkDog': 'WalkD',
        'WalkTogether': 'WalkP',
    },
}
"""Of Tables 1 to 3: what is in a column, and its head."""

TABLE_1 = (
    PublishedRow('Ranklet', TRAINING_SET, (281.1, None, None)),
    PublishedRow('Sparse', TRAINING_SET, (217.4, None, None)),
    PublishedRow('SPM', f'{ECCV18}, 2k images', (209.5, None, None)),
    PublishedRow('SFC', TRAINING_SET, (167.1, 218.0, 135.6)),
    PublishedRow('KSTA', f'{ECCV18}, 5k images', (123.6, None, None)),
    PublishedRow('RIKS', f'{ECCV18}, 5k images', (103.9, None, None)),
    PublishedRow('Consensus', TRAINING_SET, (79.6, 120.1, 111.5)),
    PublishedRow('Deep-NRSfM, Wang et al.', TRAINING_SET, (73.2, 101.6, 76.5)),
    PublishedRow('Weaksup-bs, Wang et al.', TRAINING_SET, (61.2, 86.2, 75.3)),
    PublishedRow('distilled, Wang et al.', TRAINING_SET, (56.4, 80.9, 71.2)),
)
TABLE_2 = (
    PublishedRow('Sun et al., supervised', VALIDATION_SET, (None, 86.4)),
    PublishedRow('Rhodin et al.', VALIDATION_SET, (98.2, 131.7)),
    PublishedRow('Tung et al.', VALIDATION_SET, (98.4, None)),
    PublishedRow('3Dinterp.', VALIDATION_SET, (98.4, None)),
    PublishedRow('AIGN', VALIDATION_SET, (97.2, None)),
    PublishedRow('Tome et al.', VALIDATION_SET, (None, 88.4)),
    PublishedRow('Drover et al.', VALIDATION_SET, (64.6, None)),
    PublishedRow('Weaksup-bs, Wang et al.', VALIDATION_SET, (67.3, 95.0)),
    PublishedRow('distilled, Wang et al.', VALIDATION_SET, (62.8, 86.4)),
    PublishedRow('distilled + MPII, Wang et al.', VALIDATION_SET, (57.5, 83.0)),
)
TABLE_3 = (
    PublishedRow(
        '3Dinterp.', VALIDATION_SET,
        (78.6, 90.8, 92.5, 89.4, 108.9, 112.4, 77.1, 106.7, 127.4, 139.0, 103.4, 91.4,
         79.1, None, None),
    ),
    PublishedRow(
        'AIGN', VALIDATION_SET,
        (77.6, 91.4, 89.9, 88.0, 107.3, 110.1, 75.9, 107.5, 124.2, 137.8, 102.2, 90.3,
         78.6, None, None),
    ),
    PublishedRow(
        'Drover et al.', VALIDATION_SET,
        (60.2, 60.7, 59.2, 65.1, 65.5, 63.8, 59.4, 59.4, 69.1, 88.0, 64.8, 60.8, 64.9,
         63.9, 65.2),
    ),
    PublishedRow(
        'Weaksup-bs, Wang et al.', VALIDATION_SET,
        (58.8, 62.4, 56.7, 59.8, 68.6, 60.8, 59.7, 81.0, 93.4, 68.5, 75.8, 65.9, 61.5,
         67.6, 65.0),
    ),
    PublishedRow(
        'distilled, Wang et al.', VALIDATION_SET,
        (54.7, 57.7, 54.8, 55.8, 61.6, 56.3, 52.7, 73.7, 95.5, 62.3, 68.5, 60.8, 55.5,
         64.0, 58.0),
    ),
    PublishedRow(
        'distilled + MPII, Wang et al.', VALIDATION_SET,
        (50.3, 48.9, 52.7, 53.9, 59.9, 50.7, 48.3, 70.9, 82.6, 58.0, 65.3, 54.7, 50.8,
         57.7, 55.6),
    ),
)  # fmt: skip
CODE_WEIGHTS = (0.01, 0.1, 0.3, 0.5)
"""Heads of Table 4; its last column is Weaksup-bs."""
TABLE_4 = (
    PublishedRow(
        'depth error, Wang et al.',
        f'{ECCV18}, validation set',
        (79.0, 74.6, 73.1, 76.7, 78.0),
    ),
    PublishedRow(
        'PA-MPJPE, Wang et al.',
        f'{ECCV18}, validation set',
        (73.0, 73.6, 70.5, 71.0, 75.8),
    ),
)
