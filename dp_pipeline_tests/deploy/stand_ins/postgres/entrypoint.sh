#!/bin/sh
# As the official image does: a cluster at the first start, and what its folder of scripts holds.
set -eu
data=/var/lib/postgresql/data
as_postgres() { setpriv --reuid=postgres --regid=postgres --init-groups "$@"; }
if [ ! -e $data/PG_VERSION ]; then
  chown postgres:postgres $data
  chmod 700 $data
  as_postgres sh -c 'printf %s "$POSTGRES_PASSWORD" > /tmp/password'
  as_postgres initdb --pgdata=$data --username="$POSTGRES_USER" --pwfile=/tmp/password $POSTGRES_INITDB_ARGS
  echo 'host all all all scram-sha-256' >> $data/pg_hba.conf
  as_postgres pg_ctl --pgdata=$data -w start -o "-c listen_addresses='' -k /tmp"
  as_postgres createdb -h /tmp -U "$POSTGRES_USER" "$POSTGRES_DB"
  for script in /docker-entrypoint-initdb.d/*.sql; do
    as_postgres psql -v ON_ERROR_STOP=1 -h /tmp -U "$POSTGRES_USER" -d "$POSTGRES_DB" -f "$script"
  done
  as_postgres pg_ctl --pgdata=$data -w stop
fi
mkdir -p /var/run/postgresql
chown postgres /var/run/postgresql
exec setpriv --reuid=postgres --regid=postgres --init-groups postgres -D $data -c listen_addresses='*' -k /var/run/postgresql
