"""Object storage (S3, Google Cloud Storage, Azure): sources that are copied here, releases that are written there."""
