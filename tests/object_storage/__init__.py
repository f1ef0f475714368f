"""Object storage over HTTP: moto's server stands for S3."""
