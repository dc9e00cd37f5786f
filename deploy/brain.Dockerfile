# Rasa with the actions inside; build at the repository's root: docker build -f deploy/brain.Dockerfile -t baton-brain .
# The model is trained while the image is built: what answers always fits the rules and actions beside it.
FROM python:3.10-slim-bookworm AS environment
ENV UV_PYTHON_DOWNLOADS=never UV_NO_CACHE=1 UV_LINK_MODE=copy
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /app
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-dev --python /usr/local/bin/python3.10

FROM environment AS trained
ENV OMP_NUM_THREADS=1 TF_CPP_MIN_LOG_LEVEL=3 RASA_TELEMETRY_ENABLED=false
COPY config.yml domain.yml endpoints.yml credentials.yml ./
COPY data data
COPY contracts contracts
COPY playbook playbook
COPY actions actions
COPY addons addons
RUN .venv/bin/python -m addons.spacy_pipeline build && .venv/bin/rasa train --fixed-model-name baton

FROM python:3.10-slim-bookworm AS brain
RUN groupadd --gid 10001 baton && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp baton
COPY deploy/with_secrets.sh /usr/local/bin/with-secrets
COPY deploy/healthy.py /usr/local/bin/healthy
RUN chmod 755 /usr/local/bin/with-secrets /usr/local/bin/healthy
WORKDIR /app
COPY --from=trained /app .
# One thread for each numeric library, and more than Rasa's 10 actions a message: see docs/operations.md.
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore HOME=/tmp \
    OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1 TF_CPP_MIN_LOG_LEVEL=3 \
    MAX_NUMBER_OF_PREDICTIONS=60 RASA_TELEMETRY_ENABLED=false SQLALCHEMY_SILENCE_UBER_WARNING=1 BATON_ACTIONS=inside
USER 10001:10001
EXPOSE 5005
ENTRYPOINT ["with-secrets"]
CMD ["rasa", "run", "--interface", "0.0.0.0", "--port", "5005", "--model", "models/baton.tar.gz", \
     "--endpoints", "endpoints.yml", "--credentials", "credentials.yml", "--log-file", "/dev/null"]
