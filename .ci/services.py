"""Print `DATABASE_URL=… CELERY_BROKER_URL=…` where PostgreSQL and Redis answer on their standard local ports."""

import getpass
import itertools

import psycopg
import redis

USERS = (getpass.getuser(), "postgres")
DATABASES = ("test", "postgres")
REDIS = "redis://127.0.0.1:6379/0"


def postgres_url() -> str | None:
    """Return the first of the usual names that lets us in without a password and create a test database."""
    for user, database in itertools.product(USERS, DATABASES):
        url = f"postgres://{user}@127.0.0.1:5432/{database}"
        try:
            with psycopg.connect(url, connect_timeout=3) as connection:
                query = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
                row = connection.execute(query).fetchone()
        except psycopg.OperationalError:
            continue
        if row and row[0]:
            return url
    return None


def redis_url() -> str | None:
    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=3).ping()
    except redis.RedisError:
        return None
    return REDIS


if __name__ == "__main__":
    database, broker = postgres_url(), redis_url()
    if database and broker:
        print(f"DATABASE_URL={database} CELERY_BROKER_URL={broker}")
