FROM python:3.11-slim
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY . .
RUN useradd --create-home app && mkdir /data && chown app /data
USER app
ENV DATA_ROOT=/data
VOLUME /data
EXPOSE 8000
CMD ["gunicorn", "readerstudy.wsgi", "--bind", "0.0.0.0:8000", "--workers", "4", "--threads", "4", "--preload"]
