"""Reads Marian NMT training logs. The package brings the program ``marian-tracking`` and reads logs for notebooks."""

from ._node import NodeNotFoundError
from ._tables import ParseError, Row, Value, read, to_pandas, to_polars

__all__ = ["NodeNotFoundError", "ParseError", "Row", "Value", "read", "to_pandas", "to_polars"]
