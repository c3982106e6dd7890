"""A small runbook to take apart: each test breaks one line of it."""

from __future__ import annotations

from pathlib import Path

MINI = """\
---
name: mini
version: 1.0.0
date: 2026-03-01
alert: Mini
roles: [ops]
steps:
  detection: [reads]
  diagnosis: [reads]
  recovery: [writes]
  verification: [reads]
  rollback: [writes]
  documentation: [reads]
---

# Mini

## Detection

The counter is above zero.

### 1. Count

```console
$ curl -sS "$API_BASE_URL/count"
[COUNT] stuck
```

- if [COUNT] is 0, go to Documentation
- otherwise, continue

## Diagnosis

### 1. Name the cause

```console
$ curl -sS "$API_BASE_URL/cause"
[CAUSE]
```

- if [CAUSE] is not timeout, escalate
- otherwise, continue

## Recovery

### 1. Mend each

```console
$ for number in $(seq 1 "$COUNT"); do
>   curl -sS -X POST "$API_BASE_URL/mend"
> done
...
0 stuck
```

## Verification

### 1. Count again

```console
$ curl -sS "$API_BASE_URL/count"
0 stuck
```

## Rollback

### 1. Undo

```console
$ curl -sS -X POST "$API_BASE_URL/undo"
undone
```

## Escalation

Engineering on call gets the execution id.

## Documentation

### 1. Write it down

```console
$ curl -sS "$API_BASE_URL/nothing"
? 0
[..]
```
"""

TASK = """\
---
name: mini_task
version: 1.0.0
date: 2026-03-01
trigger: the first Monday of a month
roles: [ops]
irreversible:
  transfers: a prize that was sent is owed
steps:
  prerequisites: [reads]
  steps: [writes]
  verification: [reads]
  rollback: [writes]
---

# Mini task

## Prerequisites

### 1. Count

```console
$ curl -sS "$API_BASE_URL/count"
[COUNT] stuck
```

## Steps

### 1. Mend one

```console
$ curl -sS -X POST "$API_BASE_URL/mend"
1 stuck
```

## Verification

### 1. Count again

```console
$ curl -sS "$API_BASE_URL/count"
1 stuck
```

## Rollback

### 1. Undo

```console
$ curl -sS -X POST "$API_BASE_URL/undo"
undone
```

## Escalation

Engineering on call gets the execution id.
"""


def write(folder: Path, text: str = MINI, name: str = "mini") -> Path:
    """The text as a file of its own."""
    file = folder / f"{name}.md"
    file.write_text(text)
    return file
