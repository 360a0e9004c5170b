FROM python:3.13-slim AS packages
WORKDIR /build
COPY requirements.txt .
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.13-slim
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1
RUN useradd --system --uid 10001 --no-create-home salesops
COPY --from=packages /opt/venv /opt/venv
WORKDIR /app
COPY . .
# Collecting static files uses none of these addresses; settings only want to see some.
RUN python -m devtools.messages compile \
    && export SECRET_KEY=only-to-build-the-image-0123456789-abcdef DATABASE_URL=postgres://none/none REDIS_URL=redis://none \
    && python manage.py vendor_static \
    && python manage.py collectstatic --no-input --verbosity 0 \
    && python -m compileall -q .
USER 10001
EXPOSE 8000
# Any answer means alive: a proxy's host name or HTTPS may be demanded of others.
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s --retries=3 CMD ["python", "-c", \
    "import http.client as h; c = h.HTTPConnection('127.0.0.1', 8000, timeout=5); c.request('GET', '/healthz'); exit(c.getresponse().status >= 500)"]
# gunicorn.conf.py tells the rest.
CMD ["gunicorn", "salesops.wsgi", "--bind", "0.0.0.0:8000", "--worker-tmp-dir", "/dev/shm"]
