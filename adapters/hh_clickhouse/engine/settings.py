"""The engine's own configuration file: bounded memory, few threads, no logs that grow."""

from pathlib import Path
from xml.sax.saxutils import escape

_TEMPLATE = """<clickhouse>
  <path>{path}/</path>
  <logger><level>none</level></logger>
  <timezone>UTC</timezone>
  <max_server_memory_usage>{memory}</max_server_memory_usage>
  <mark_cache_size>{marks}</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <background_pool_size>2</background_pool_size>
  <background_schedule_pool_size>2</background_schedule_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <merge_tree>
    <merge_selecting_sleep_ms>5000</merge_selecting_sleep_ms>
    <number_of_free_entries_in_pool_to_execute_mutation>1</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>1</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>1</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
  </merge_tree>
</clickhouse>
"""


def write_configuration(folder: Path, memory_bytes: int) -> Path:
    """Write ``engine.xml`` beside the data and return where it is."""
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
