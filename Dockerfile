# The service on CPUs, with everything inside, weights included: it needs no network. See docs/deploy.md.
FROM python:3.11-slim-bookworm

# what OpenCV loads, and make
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgl1 libglib2.0-0 make \
    && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin videoprep \
    && install --directory --mode 700 --owner videoprep --group videoprep /data

WORKDIR /opt/videoprep
COPY Makefile pyproject.toml constraints.txt README.md LICENSE ./
COPY notebooks ./notebooks
COPY videoprep_nb ./videoprep_nb

# PyPI's torch for Linux brings several GB of CUDA; this index has the same versions for CPUs.
ARG PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu
RUN PIP_NO_CACHE_DIR=1 make install

USER videoprep
ENV PATH=/opt/videoprep/.venv/bin:$PATH VIDEOPREP_CACHE_DIR=/data/cache
RUN videoprep doctor /data

VOLUME /data
EXPOSE 7860
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "from http.client import HTTPConnection; c = HTTPConnection('127.0.0.1', 7860, timeout=4); c.request('GET', '/api/health/live'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["videoprep"]
CMD ["serve", "--host", "0.0.0.0", "--workspace", "/data/workspace", "--auth-file", "/data/users.json"]
