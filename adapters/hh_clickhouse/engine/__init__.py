"""ClickHouse's engine (chdb) behind ClickHouse's HTTP interface: one process for one folder.

``python -m hh_clickhouse.engine --path DIR --listen 127.0.0.1:8123 --user hh --password-file F``
serves what ``clickhouse-connect`` needs, so that planes speak one protocol on a laptop and in a
cluster. It is not a ClickHouse server: no sessions, no access rights but one user, no replication.
"""
