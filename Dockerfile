# docker build -t launderette:0.1.0 .
# docker run --rm -v "$PWD:/data" launderette:0.1.0 launder run /data/people.csv --output /data/laundered
FROM python:3.11-slim AS wheel
WORKDIR /build
COPY . .
RUN pip wheel --no-deps --wheel-dir /wheels .

FROM python:3.11-slim
RUN useradd --create-home --uid 1000 launder && mkdir /laundered && chown launder /laundered
COPY --from=wheel /wheels /wheels
COPY constraints.txt /tmp/constraints.txt
RUN pip install --no-cache-dir --constraint /tmp/constraints.txt \
    "$(ls /wheels/*.whl)[databases,s3]" && rm -rf /wheels /tmp/constraints.txt
USER launder
WORKDIR /laundered
VOLUME /laundered
# no ENTRYPOINT: workers of Prefect give the whole command
CMD ["launder", "--help"]
