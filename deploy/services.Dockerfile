# Desk, demo shop, and the backup command; build at the repository's root:
#   docker build -f deploy/services.Dockerfile --target services -t baton-services .
#   docker build -f deploy/services.Dockerfile --target backup   -t baton-backup .
FROM python:3.11-slim-trixie AS environment
ENV UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1 UV_LINK_MODE=copy
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app/services
COPY services/pyproject.toml services/uv.lock ./
RUN uv sync --frozen --no-dev --python /usr/local/bin/python3.11

FROM python:3.11-slim-trixie AS services
RUN groupadd --gid 10001 baton && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp baton \
    && install -d -o baton -g baton -m 700 /data /data/attachments /backups
COPY deploy/with_secrets.sh /usr/local/bin/with-secrets
COPY deploy/healthy.py /usr/local/bin/healthy
RUN chmod 755 /usr/local/bin/with-secrets /usr/local/bin/healthy
WORKDIR /app/services
COPY --from=environment /app/services/.venv .venv
COPY playbook /app/playbook
COPY contracts /app/contracts
COPY web/console/dist /app/web/console/dist
COPY web/widget/dist /app/web/widget/dist
COPY services/desk desk
COPY services/shop shop
COPY services/launcher launcher
ENV PATH=/app/services/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOME=/tmp BATON_DATA_DIR=/data
USER 10001:10001
EXPOSE 8000 8001
ENTRYPOINT ["with-secrets"]
CMD ["python", "-m", "desk"]

# pg_dump must not be older than the server it reads: PostgreSQL 17 here and in compose.yml.
FROM services AS backup
USER 0:0
RUN apt-get update && apt-get install -y --no-install-recommends postgresql-client-17 && rm -rf /var/lib/apt/lists/*
USER 10001:10001
CMD ["python", "-m", "launcher", "backup", "--into", "/backups"]
