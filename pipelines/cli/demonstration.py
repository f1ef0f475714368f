"""The demo's sources, from scikit-learn: breast cancer (569 people, 30 measurements, a diagnosis) as a CSV file,
digits as images.
"""

from pathlib import Path

from launderette.pipelines.sinks.tables import write


def write_source(output: Path) -> Path:
    """Write the table below `output` and return its path."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    table = bunch.data.assign(diagnosis=bunch.target.map(dict(enumerate(bunch.target_names))))
    path = Path(output) / "breast_cancer.csv"
    write(table, path)
    return path


def write_images(output: Path) -> Path:
    """Write the 1,797 digits of 8 x 8 pixels below `output`, in folders by digit, and return their path."""
    import numpy as np
    from sklearn.datasets import load_digits

    from launderette.pipelines.image_sources.decoding import encode

    bunch, folder = load_digits(), Path(output) / "digits"
    pixels = np.round(bunch.images * 255 / bunch.images.max()).astype(np.uint8)[..., None]
    for number, (image, digit) in enumerate(zip(pixels, bunch.target, strict=True)):
        path = folder / str(digit) / f"{number:04d}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode(image))
    return folder
