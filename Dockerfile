# AutoWeave's image, and Phoenix's from the same lock: `docker build --target server .`, `--target phoenix .`
# Needs BuildKit. Runs as user 10001 on a read-only root; what it keeps lies in /var/lib/autoweave.
ARG PYTHON=python:3.13-slim-trixie

FROM ${PYTHON} AS locked
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_NO_PROGRESS=1 PIP_NO_CACHE_DIR=1
RUN pip install --disable-pip-version-check uv==0.13.8
WORKDIR /app
COPY pyproject.toml uv.lock ./

FROM locked AS packages
RUN uv sync --locked --no-default-groups --group server --group postgres

FROM locked AS traces
RUN uv sync --locked --only-group phoenix

FROM ${PYTHON} AS ground
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/autoweave autoweave \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/autoweave
WORKDIR /app
# tini reaps what a killed sandbox leaves behind; process 1 has to.
ENTRYPOINT ["/usr/bin/tini", "--"]

# An Elastic-2.0 program in an environment of its own: nothing of AutoWeave is in this image.
FROM ground AS phoenix
COPY --from=traces /app/.venv /app/.venv
ENV HOME=/var/lib/autoweave PHOENIX_WORKING_DIR=/var/lib/autoweave PHOENIX_HOST=0.0.0.0 PHOENIX_PORT=6006 \
    PHOENIX_TELEMETRY_ENABLED=false PHOENIX_ALLOW_EXTERNAL_RESOURCES=false PHOENIX_ENABLE_MCP_SERVER=false \
    PHOENIX_DISABLE_AGENT_ASSISTANT=true PHOENIX_AGENTS_DISABLE_BASH=true \
    PHOENIX_AGENTS_DISABLE_WEB_ACCESS=true DO_NOT_TRACK=1
USER 10001:10001
VOLUME /var/lib/autoweave
EXPOSE 6006
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["/app/.venv/bin/python", "-I", "-S", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:6006/healthz', timeout=4)"]
CMD ["/app/.venv/bin/phoenix", "serve"]

FROM ground AS server
COPY --from=packages /app/.venv /app/.venv
COPY . .
RUN /app/.venv/bin/python -m compileall -q cli.py server.py core graphs tools
# LOGNAME: some clusters choose a user id that no file knows, and an approval names who gave it.
ENV HOME=/var/lib/autoweave AUTOWEAVE_HOME=/var/lib/autoweave AUTOWEAVE_SERVE_IS_OPEN=false \
    LOGNAME=autoweave PYTHONUNBUFFERED=1 DO_NOT_TRACK=1 LANGSMITH_TRACING=false
USER 10001:10001
VOLUME /var/lib/autoweave
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=4 \
    CMD ["/app/.venv/bin/python", "-I", "-S", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health', timeout=4)"]
CMD ["/app/autoweave", "serve", "--host", "0.0.0.0", "--port", "8000"]
