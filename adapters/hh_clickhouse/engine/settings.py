"""The engine's own configuration files: bounded memory, few threads, no logs that grow, and an
account that reaches neither the host's files nor the network (SECURITY C27)."""

from pathlib import Path
from xml.sax.saxutils import escape

_TEMPLATE = """<clickhouse>
  <path>{path}/</path>
  <users_config>{path}/users.xml</users_config>
  <user_files_path>{path}/nothing/</user_files_path>
  <user_scripts_path>{path}/nothing/</user_scripts_path>
  <format_schema_path>{path}/nothing/</format_schema_path>
  <logger><level>none</level></logger>
  <timezone>UTC</timezone>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <mark_cache_size>{marks}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <query_condition_cache_size>8388608</query_condition_cache_size>
  <memory_worker_period_ms>1000</memory_worker_period_ms>
  <memory_worker_purge_dirty_pages_threshold_ratio>0.01</memory_worker_purge_dirty_pages_threshold_ratio>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>2</background_schedule_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <load_marks_threadpool_pool_size>4</load_marks_threadpool_pool_size>
  <prefetch_threadpool_pool_size>4</prefetch_threadpool_pool_size>
  <threadpool_local_fs_reader_pool_size>8</threadpool_local_fs_reader_pool_size>
  <compression>
    <case>
      <min_part_size>500000</min_part_size>
      <min_part_size_ratio>0</min_part_size_ratio>
      <method>zstd</method>
      <level>1</level>
    </case>
  </compression>
  <merge_tree>
    <merge_selecting_sleep_ms>5000</merge_selecting_sleep_ms>
    <max_merge_selecting_sleep_ms>10000</max_merge_selecting_sleep_ms>
    <max_bytes_to_merge_at_max_space_in_pool>268435456</max_bytes_to_merge_at_max_space_in_pool>
    <min_rows_to_fsync_after_merge>1</min_rows_to_fsync_after_merge>
    <old_parts_lifetime>1</old_parts_lifetime>
    <cleanup_delay_period>3</cleanup_delay_period>
    <cleanup_delay_period_random_add>1</cleanup_delay_period_random_add>
    <max_cleanup_delay_period>10</max_cleanup_delay_period>
    <auto_statistics_types></auto_statistics_types>
    <min_bytes_for_wide_part>67108864</min_bytes_for_wide_part>
    <min_columns_to_activate_adaptive_write_buffer>1</min_columns_to_activate_adaptive_write_buffer>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
"""

# Threads that it made once the engine keeps, each with three descriptors of its own statistics: to
# load the marks of 130 columns it would make fifty.
#
# What a merge has replaced stays on the disk, by default for eight minutes: a power cut may come
# before the merged part is written. Here a merge is fsynced, so seconds will do.
#
# A merge takes 10 µs a row of one core, so one of the whole table would keep the dispatcher waiting
# for minutes. Parts of 256 MB are as quick to read, and hold three million events.
#
# A merge into files for each column would fill a megabyte for each of them, however little it
# holds, so these buffers grow as they are needed. What a merge has freed goes back to the kernel
# within a second once it is more than 20 MB, not 400.
#
# What an insert writes is merged soon, so only merged parts are worth the better compression, and
# files for each column: a part that has them is fsynced 130 times. Statistics of columns, which
# each merge would gather, help no question that is asked here.

INSERT_FILES = "/proc/self/fd/[0-9]+"
"""What an INSERT may read: the anonymous file that brings its rows (``pool.py``)."""
_GRANTS = (
    "GRANT SHOW, SELECT, INSERT, ALTER, CREATE DATABASE, CREATE TABLE, CREATE VIEW, DROP, TRUNCATE,"
    " OPTIMIZE, KILL QUERY ON *.*",
    *(f"GRANT TABLE ENGINE ON {name}" for name in ("Atomic", "Memory", "Null", "Join", "Set")),
    *(
        f"GRANT TABLE ENGINE ON {kind}MergeTree"
        for kind in ("", "Aggregating", "Collapsing", "Replacing", "Summing")
    ),
    "GRANT READ ON FILE('{files}')",
)
"""All that the one account may do. Not among it: sources (url, s3, remote, postgresql, …), the
table and database engines that stand for them, dictionaries, functions, backups, SYSTEM."""
_USERS = """<clickhouse>
  <profiles>
    <default>
      <compile_expressions>0</compile_expressions>
      <compile_aggregate_expressions>0</compile_aggregate_expressions>
      <compile_sort_description>0</compile_sort_description>
    </default>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default>
      <password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants>{grants}</grants>
    </default>
  </users>
</clickhouse>
"""
# To make machine code of expressions takes as long as to insert thousands of rows, in each process
# again, and gains nothing measurable for what is asked here.


def write_configuration(folder: Path, memory_bytes: int) -> Path:
    """Write ``engine.xml`` and ``users.xml`` beside the data and return where the first is."""
    (folder / "nothing").mkdir(mode=0o700, exist_ok=True)
    queries = (f"<query>{escape(grant.format(files=INSERT_FILES))}</query>" for grant in _GRANTS)
    (folder / "users.xml").write_text(_USERS.format(grants="".join(queries)))
    path = folder / "engine.xml"
    marks = min(256 * 1024 * 1024, memory_bytes // 8)
    text = _TEMPLATE.format(path=escape(str(folder)), memory=memory_bytes, marks=marks)
    path.write_text(text)
    return path


def statement_defaults(memory_bytes: int, seconds: int) -> dict[str, str]:
    """What every statement may use unless it asks for something else."""
    return {
        "max_memory_usage": str(memory_bytes // 2),
        "max_execution_time": str(seconds),
        "max_bytes_before_external_group_by": str(memory_bytes // 4),
        "max_bytes_before_external_sort": str(memory_bytes // 4),
        "log_queries": "0",
    }


def read_defaults(memory_bytes: int) -> dict[str, str]:
    """What statements that read have beside: all cores, as long as this much memory is free for
    each. The engine's own measure, a gigabyte, leaves one core to an engine of two."""
    return {"max_threads_min_free_memory_per_thread": str(memory_bytes // 16)}
