"""What a layout gives: where the bytes, or the pixels, of each image are, and a table of what is known of each."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from launderette.pipelines.image_sources import dicom

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".gif", ".bmp", *dicom.DICOM_SUFFIXES)
NOT_IMAGES, WITHOUT_FILE, WITHOUT_ROW = "files of other kinds", "rows without a file", "images without a row"


@dataclass(frozen=True)
class ImageSource:
    """Where N images are: `read(i)` returns the bytes of one, `pixels` holds all where they are given as arrays;
    labels and further columns [N] in a table.
    """

    table: pd.DataFrame  # the column `label` where there are labels
    read: Callable[[int], bytes]
    pixels: np.ndarray | None = None
    passed_over: Counter = field(default_factory=Counter)  # by reason
