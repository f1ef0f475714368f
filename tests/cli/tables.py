"""Files of the tests of the command line."""

ROWS = 60


SECRET = "Quixworth"


def csv(frame, **options):
    return frame.to_csv(index=False, **options).encode()


def parquet(frame, path):
    frame.to_parquet(path)
    return path.read_bytes()
