"""What Iceberg is told: columns, with the ids that files carry, and one change of the files."""

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa
from pyiceberg.schema import Schema
from pyiceberg.table import Table, Transaction
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import (
    BooleanType,
    DoubleType,
    IcebergType,
    IntegerType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestamptzType,
)

from collector.store.parquet import TableFile
from collector.store.schema import TIME_TYPE

_TYPES: Final[Mapping[pa.DataType, IcebergType]] = {
    pa.string(): StringType(), pa.bool_(): BooleanType(), pa.int32(): IntegerType(),
    pa.int64(): LongType(), pa.float64(): DoubleType(), TIME_TYPE: TimestamptzType(),
}  # fmt: skip


def schema(columns: pa.Schema) -> Schema:
    """The Iceberg schema of new columns, numbered from 1; list elements after them."""
    elements = len(columns)
    fields = []
    for number, column in enumerate(columns, 1):
        elements += pa.types.is_list(column.type)
        kind = iceberg_type(column.type, elements)
        fields.append(NestedField(number, column.name, kind, required=not column.nullable))
    return Schema(*fields)


def iceberg_type(kind: pa.DataType, element: int) -> IcebergType:
    """A column's type; `element` is the id of a list's elements."""
    if pa.types.is_list(kind):
        return ListType(element, _TYPES[kind.value_type], element_required=False)
    return _TYPES[kind]


def arrow(known: Schema) -> pa.Schema:
    """The Arrow schema of a table, with the ids that its files carry."""
    kinds = {str(kind): found for found, kind in _TYPES.items()}
    columns = []
    for column in known.fields:
        if isinstance(column.field_type, ListType):
            inner = column.field_type
            kind = pa.list_(_field("element", kinds[str(inner.element_type)], inner.element_id))
        else:
            kind = kinds[str(column.field_type)]
        columns.append(_field(column.name, kind, column.field_id, required=column.required))
    return pa.schema(columns)


def _field(name: str, kind: pa.DataType, number: int, *, required: bool = False) -> pa.Field:
    return pa.field(name, kind, not required, {"PARQUET:field_id": str(number)})


class _Transaction(Transaction):
    """Works out what the metadata become once for each change, as they are copied whole for it."""

    def __init__(self, known: Table) -> None:
        super().__init__(known)
        self._made: tuple[Table, object, TableMetadata] = (known, self._updates, known.metadata)

    @property
    def table_metadata(self) -> TableMetadata:
        """What the table's metadata are with the changes so far."""
        table, updates, metadata = self._made
        if table is not self._table or updates is not self._updates:
            metadata = super().table_metadata
            self._made = (self._table, self._updates, metadata)
        return metadata


def change(
    known: Table, said: dict[str, str], added: Sequence[TableFile], gone: Sequence[TableFile]
) -> None:
    """Add files and remove others in one snapshot, which says `said`."""
    with _Transaction(known) as transaction:
        update = transaction.update_snapshot(snapshot_properties=said)
        with update.overwrite() if gone else update.merge_append() as changing:
            for file in gone:
                changing.delete_data_file(file.entry)
            for file in added:
                changing.append_data_file(file.entry)
