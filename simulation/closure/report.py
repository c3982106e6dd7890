"""The answer for people, for CI and for programs."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from simulation.closure.gates import Closure, Gate, Item
from simulation.reporting.junit import clean, document
from simulation.reporting.markdown import plain, table, within_step_summary
from simulation.reporting.words import mark
from simulation.run_directory import RunDirectory
from simulation.words import plural

FOLDER = "closure"


def write_closure(out: Path, closure: Closure) -> Path:
    """Write ``closure.json``, ``junit.xml`` and ``summary.md`` into the folder that is returned; older ones go.

    :raises EnvironmentFault: it cannot be written.
    """
    folder = out / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    directory = RunDirectory(path=folder)
    directory.write("closure.json", as_json(closure))
    directory.write("junit.xml", as_junit(closure))
    directory.write("summary.md", as_summary(closure))
    return folder


def as_json(closure: Closure) -> str:
    return json.dumps(closure.document(), indent=2, ensure_ascii=False) + "\n"


def as_text(closure: Closure) -> str:
    """For the terminal: the answer, then each gate with its items; what is missing with what to do."""
    lines = [f"{mark(closure.state).symbol} {headline(closure)}", f"  version {closure.of}"]
    for gate in closure.gates:
        lines += ["", f"{mark(gate.state).symbol} {gate.phase}  {gate.says}"]
        for item in gate.items:
            lines += _lines(item)
    return "\n".join(lines)


def headline(closure: Closure) -> str:
    lacking = sum(item.state != "pass" for item in closure.items)
    if not lacking:
        return "yes: the iteration may close"
    return f"no: the iteration may not close, {lacking} of {plural(len(closure.items), 'thing')} missing"


def _lines(item: Item) -> list[str]:
    if item.state == "pass":
        return [f"  ✓ {item.says}"]
    lines = [f"  {mark(item.state).symbol} {item.says}" + (f" ({item.seen})" if item.seen else "")]
    lines += [f"      {missing}" for missing in item.missing]
    return lines + [f"      → {step}" for step in item.do]


def as_junit(closure: Closure) -> str:
    """A suite for each gate, a case for each item."""
    return document("closure", [_suite(gate) for gate in closure.gates])


def _suite(gate: Gate) -> Element:
    states = [item.state for item in gate.items]
    counts = {"tests": len(states), "failures": states.count("fail"), "errors": states.count("unknown")}
    suite = Element("testsuite", {"name": f"{gate.phase} {gate.says}", **{key: str(n) for key, n in counts.items()}})
    for item in gate.items:
        case = SubElement(suite, "testcase", {"classname": f"closure.{gate.phase}", "name": item.says, "time": "0"})
        if item.state != "pass":
            tag = "failure" if item.state == "fail" else "error"
            told = SubElement(case, tag, {"message": clean("; ".join(item.missing))})
            told.text = clean("\n".join(f"→ {step}" for step in item.do))
    return suite


def as_summary(closure: Closure) -> str:
    """A page of Markdown."""
    rows = [
        (
            gate.phase,
            f"{mark(item.state).symbol} {item.says}",
            "; ".join(item.missing) or "–",
            "; ".join(item.do) if item.missing else "–",
        )
        for gate in closure.gates
        for item in gate.items
    ]
    lines = [
        f"## {mark(closure.state).symbol} {plain(headline(closure))}",
        "",
        plain(f"Version {closure.of}."),
        "",
        *table(("gate", "needs", "missing", "do"), rows),
    ]
    return within_step_summary(lines)
