"""Writes the span files beside it, one span each, with the columns of upstream's ingestion/src/wal/schema.rs.

    pip install pyarrow==25.0.1 && python3 make.py
"""

import datetime
import pathlib

import pyarrow
import pyarrow.ipc
import pyarrow.parquet

time = pyarrow.timestamp("ns", tz="UTC")
columns14 = [
    ("span_id", pyarrow.string(), False),
    ("trace_id", pyarrow.string(), False),
    ("parent_span_id", pyarrow.string(), True),
    ("service_name", pyarrow.string(), False),
    ("name", pyarrow.string(), False),
    ("span_kind", pyarrow.int8(), False),
    ("start_time", time, False),
    ("end_time", time, False),
    ("duration_ns", pyarrow.int64(), False),
    ("status_code", pyarrow.int8(), False),
    ("status_message", pyarrow.string(), True),
    ("attributes", pyarrow.string(), False),
    ("events", pyarrow.string(), False),
    ("resource_attributes", pyarrow.string(), False),
]
columns21 = columns14[:13] + [
    ("links", pyarrow.string(), False),
    ("trace_flags", pyarrow.uint32(), False),
    ("trace_state", pyarrow.string(), True),
    ("dropped_attributes_count", pyarrow.uint32(), False),
    ("dropped_events_count", pyarrow.uint32(), False),
    ("dropped_links_count", pyarrow.uint32(), False),
    ("resource_attributes", pyarrow.string(), False),
    ("resource_dropped_attributes_count", pyarrow.uint32(), False),
]

here = pathlib.Path(__file__).parent
for columns in (columns14, columns21):
    schema = pyarrow.schema([pyarrow.field(name, type, nullable) for name, type, nullable in columns])
    moment = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    row = {name: "x" if type == pyarrow.string() else moment if type == time else 1 for name, type, _ in columns}
    table = pyarrow.Table.from_pylist([row], schema=schema)
    pyarrow.parquet.write_table(table, here / f"{len(columns)}.parquet", compression="lz4")
    with pyarrow.ipc.new_stream(here / f"{len(columns)}.ipc", schema) as writer:
        writer.write_table(table)
