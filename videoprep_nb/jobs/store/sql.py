"""Statements made of column names; values are always bound."""

import sqlite3
from collections.abc import Iterable
from typing import Any


def insert(table: str, values: Iterable[str]) -> str:
    """A statement that inserts named values; the names of table and columns are our own, values are bound."""
    columns = list(values)
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES (:{', :'.join(columns)})"  # noqa: S608


def update(cursor: sqlite3.Cursor, table: str, row: sqlite3.Row, values: dict[str, Any]) -> None:
    """Change columns of one row; the names of table and columns are our own, values are bound."""
    assignments = ", ".join(f"{column} = :{column}" for column in values)
    cursor.execute(f"UPDATE {table} SET {assignments} WHERE number = :number", values | {"number": row["number"]})  # noqa: S608
