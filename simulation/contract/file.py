"""Reads contract files (``contract.yaml``, or all files of a folder ``contract/``); errors name file and line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from simulation.contract.business import FILLED_IN, MODEL_FILE, Business
from simulation.contract.document import Contract, Table
from simulation.contract.log import Log
from simulation.contract.mistakes import mistakes
from simulation.contract.model import ModelError, load_model
from simulation.contract.statements import Answer, Metric
from simulation.documents.refusal import MOST_TOLD, refused
from simulation.documents.text import read_text
from simulation.documents.yaml import MarkedYaml, parse_yaml
from simulation.errors import UsageError

_EXAMPLES = "fixtures/targets/staging/contract has an example of every rule"


def load_contract(folder: Path) -> Contract:
    """The contract in a target folder; an empty one where there is none.

    :raises UsageError: a file is not a contract, contains a mistake, or two files contradict each other about a table;
        the message names the first line to change.
    """
    single, several = folder / "contract.yaml", folder / "contract"
    if single.exists() and several.exists():
        raise UsageError(
            place=str(single), problem="there is a folder contract/ beside it", remedy="keep one of the two"
        )
    texts = [(file, read_text(file, kind="a YAML file")) for file in _files(single, several)]
    documents, parts, whole = _read(tuple(texts))
    return whole.model_copy(update={"business": _business(folder / MODEL_FILE, documents, parts)})


@lru_cache(maxsize=4)
def _read(texts: tuple[tuple[Path, str], ...]) -> tuple[Sequence[MarkedYaml], Sequence[Contract], Contract]:
    """Kept, since a process that lives many runs reads the same text for each of them."""
    documents = [parse_yaml(text, file=file) for file, text in texts]
    parts = [_part(document) for document in documents]
    whole = _joined(zip(documents, parts, strict=True))
    for document, found in zip(documents, mistakes(parts, whole), strict=True):
        if found:
            found.sort(key=lambda mistake: document.line_of(mistake.place))
            raise UsageError.of(
                [document.error(each.place, problem=each.problem, remedy=each.remedy) for each in found[:MOST_TOLD]]
            )
    return documents, parts, whole


def _files(single: Path, several: Path) -> list[Path]:
    misnamed = [file for file in (single.with_suffix(".yml"), *several.glob("*.yml")) if file.exists()]
    if misnamed:
        raise UsageError(
            place=str(misnamed[0]), problem="a contract file ends in .yaml", remedy=f"call it {misnamed[0].stem}.yaml"
        )
    if single.exists() or not several.exists():
        return [single] if single.exists() else []
    files = sorted(several.glob("*.yaml"))
    if not files:
        raise UsageError(place=str(several), problem="has no .yaml file in it", remedy="add one, or remove the folder")
    return files


def _part(document: MarkedYaml) -> Contract:
    if not isinstance(document.value, dict):
        raise document.error((), problem="is no contract", remedy="write `tables:` and the tables below it")
    for key in FILLED_IN:
        business = document.value.get("business")
        if isinstance(business, dict) and key in business:
            raise document.error(("business", key), problem="unknown key", remedy="take the line out")
    try:
        return Contract.model_validate(document.value)
    except ValidationError as error:
        raise refused(document, error, Contract, examples=_EXAMPLES) from error


def _joined(parts: Iterable[tuple[MarkedYaml, Contract]]) -> Contract:
    """One contract from several files. Writes and answers may be spread over several files, everything else may not."""
    described: dict[str, Path] = {}
    tables: dict[str, Table] = {}
    answers: list[Answer] = []
    metrics: dict[str, Metric] = {}
    log: Log | None = None
    for document, contract in parts:
        answers += contract.answers
        if log is not None and contract.log is not None:
            raise document.error(("log",), problem="the log is declared in two files", remedy="keep one of them")
        log = log or contract.log
        for name, metric in contract.metrics.items():
            if name in metrics:
                raise document.error(
                    ("metrics", name), problem=f"metric {name} is declared in two files", remedy="keep one of them"
                )
            metrics[name] = metric
        for name, table in contract.tables.items():
            known = tables.get(name, Table())
            if table.model_fields_set - {"writes"}:
                if name in described:
                    raise document.error(
                        ("tables", name),
                        problem=f"table {name} is described in {described[name].name} already",
                        remedy="leave only `writes:` for it in one of the two",
                    )
                described[name] = document.file
                known = table.model_copy(update={"writes": known.writes + table.writes})
            else:
                known = known.model_copy(update={"writes": known.writes + table.writes})
            tables[name] = known
    return Contract(tables=tables, answers=tuple(answers), metrics=metrics, log=log)


def _business(model: Path, documents: Sequence[MarkedYaml], parts: Sequence[Contract]) -> Business | None:
    """The part about the business, with the text of its model."""
    told = [(document, part.business) for document, part in zip(documents, parts, strict=True) if part.business]
    if len(told) > 1:
        raise told[1][0].error(
            ("business",), problem=f"{told[0][0].file.name} has it already", remedy="keep one of the two"
        )
    if not told:
        return None
    document, business = told[0]
    if business.model != MODEL_FILE:
        if model.exists():
            remedy = f"write `model: {MODEL_FILE}` below `business:`, or remove the file"
            raise UsageError(place=f"{model}:1", problem="the contract does not name it", remedy=remedy)
        return business
    try:
        source = model.read_text(encoding="utf-8")
        load_model(source)
    except (OSError, UnicodeDecodeError) as error:
        problem = f"{model} cannot be read: {getattr(error, 'strerror', None) or error}"
        raise document.error(("business", "model"), problem=problem, remedy="write it, or correct its name") from error
    except ModelError as error:
        raise UsageError(place=f"{model}:{error.line}", problem=error.problem, remedy=error.remedy) from error
    return business.model_copy(update={"model_source": source})
