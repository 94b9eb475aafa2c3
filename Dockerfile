# arbstyle serve in a container: docker compose up, or
#   docker build -t arbstyle . && docker run --rm -p 127.0.0.1:8765:8765 --read-only --tmpfs /tmp \
#       -v arbstyle-cache:/cache -v "$PWD/token:/run/secrets/token:ro" arbstyle
FROM python:3.12-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY models models
COPY arbitrary_nst arbitrary_nst
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir '.[server,heic]'

FROM python:3.12-slim
# Nothing but these is written to: fetched models and conversions, and own styles.
RUN useradd --uid 10001 --no-create-home arbstyle && install -d -o arbstyle /cache /styles /models
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH HOME=/cache PYTHONDONTWRITEBYTECODE=1 \
    ARBSTYLE_CACHE_DIR=/cache ARBSTYLE_MODEL_DIR=/models
USER arbstyle
VOLUME ["/cache", "/styles"]
EXPOSE 8765
HEALTHCHECK --interval=30s --timeout=5s --start-period=120s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8765/readyz', timeout=4)"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["arbstyle"]
CMD ["serve", "--host", "0.0.0.0", "--token-file", "/run/secrets/token", "--state", "/styles", "--model", "mini"]
