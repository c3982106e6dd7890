"""How pages are rendered: everything is escaped, and a name that a template misspells is an error."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined


def page_environment() -> Environment:
    """A fresh environment over ``templates/``; each page adds its own filters and words."""
    return Environment(
        loader=PackageLoader("simulation.reporting"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
