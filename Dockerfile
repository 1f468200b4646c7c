# The bot and its dependencies only: no compiler, no pip cache, a user without a shell and without write access.
# For a reproducible image, name the base by digest:
#   docker build --build-arg PYTHON=python:3.11-slim@sha256:… -t reissue-bot .
ARG PYTHON=python:3.11-slim

FROM ${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
# Everything has a hash, also the tool that builds our wheel. Wheels only: a source package would run code at the build.
RUN python -m venv /opt/build \
 && /opt/build/bin/pip install --require-hashes --only-binary :all: -r requirements-build.lock \
 && python -m venv /opt/reissue-bot \
 && /opt/reissue-bot/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md ./
COPY bot bot
COPY ca ca
COPY handlers handlers
COPY locales locales
# Compiled now, because the file system is read-only later.
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /opt/wheel . \
 && /opt/reissue-bot/bin/pip install --no-deps --no-index /opt/wheel/*.whl \
 && /opt/reissue-bot/bin/pip uninstall --yes pip setuptools \
 && python -m compileall -q /opt/reissue-bot

FROM ${PYTHON}
RUN groupadd --system --gid 10001 reissue \
 && useradd --system --uid 10001 --gid reissue --no-create-home --shell /usr/sbin/nologin reissue \
 && install -d -m 0700 -o reissue -g reissue /data /keys /journal /backup
COPY --from=build /opt/reissue-bot /opt/reissue-bot
# Data, keys, journal and backups are four folders, so that they can be on four disks.
ENV PATH=/opt/reissue-bot/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    REISSUE_DATA_DIR=/data \
    REISSUE_MASTER_KEY_FILE=/keys/master.json \
    REISSUE_CA_PASSPHRASE_FILE=/keys/ca-passphrase \
    REISSUE_CA_JOURNAL=/journal/authority.journal \
    REISSUE_LISTEN=0.0.0.0:8443
WORKDIR /data
VOLUME ["/data", "/keys", "/journal", "/backup"]
EXPOSE 8443
USER 10001:10001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8443/healthz', timeout=4)"]
ENTRYPOINT ["reissue-bot"]
CMD ["run"]
