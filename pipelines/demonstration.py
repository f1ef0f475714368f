"""The demo's source: scikit-learn's breast cancer table (569 people, 30 measurements, a diagnosis), as a CSV file."""

from pathlib import Path

from pipelines.tables import write


def write_source(output: Path) -> Path:
    """Write the table below `output` and return its path."""
    from sklearn.datasets import load_breast_cancer

    bunch = load_breast_cancer(as_frame=True)
    table = bunch.data.assign(diagnosis=bunch.target.map(dict(enumerate(bunch.target_names))))
    path = Path(output) / "breast_cancer.csv"
    write(table, path)
    return path
