"""Contract files: ``contract.yaml``, or the files of a folder ``contract/``, read and refused with file and line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from simulation.contract.document import NO_CONTRACT, Contract, Table
from simulation.documents.refusal import refused
from simulation.documents.yaml import read_yaml
from simulation.errors import UsageError


def load_contract(folder: Path) -> Contract:
    """The contract in a target folder; an empty one where there is none.

    :raises UsageError: a file of it is no contract, or two files say different things of one table.
    """
    single, several = folder / "contract.yaml", folder / "contract"
    if single.exists() and several.exists():
        raise UsageError(
            place=str(single), problem="there is a folder contract/ beside it", remedy="keep one of the two"
        )
    if single.exists():
        return read_contract(single)
    files = sorted(several.glob("*.yaml")) if several.is_dir() else []
    return joined((file, read_contract(file)) for file in files) if files else NO_CONTRACT


def read_contract(file: Path) -> Contract:
    """:raises UsageError: it is none; with the first line to change."""
    document = read_yaml(file)
    if not isinstance(document.value, dict):
        raise document.error((), problem="is no contract", remedy="write `tables:` and the tables below it")
    try:
        return Contract.model_validate(document.value)
    except ValidationError as error:
        raise refused(document, error, Contract) from error


def joined(parts: Iterable[tuple[Path, Contract]]) -> Contract:
    """One contract of several files; the writes of a table may stand in several of them, all else in one."""
    described: dict[str, Path] = {}
    tables: dict[str, Table] = {}
    for file, contract in parts:
        for name, table in contract.tables.items():
            known = tables.get(name, Table())
            if table.model_fields_set - {"writes"}:
                if name in described:
                    raise UsageError(
                        place=str(file),
                        problem=f"table {name} is described in {described[name].name} already",
                        remedy="leave only `writes:` for it in one of the two",
                    )
                described[name] = file
                known = table.model_copy(update={"writes": known.writes + table.writes})
            else:
                known = known.model_copy(update={"writes": known.writes + table.writes})
            tables[name] = known
    return Contract(tables=tables)
