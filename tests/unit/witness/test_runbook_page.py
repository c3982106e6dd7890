"""A runbook's page as the witness reads it, by which a link to another one or an old version shows."""

from __future__ import annotations

from simulation.witness.runbook_page import shown_runbook

PAGE = """
<h1>Stuck</h1><dl><div><dt>Runbook</dt><dd>stuck</dd></div><div><dt>Version</dt> <dd> 1.2.0 </dd></div>
<div><dt>Alert</dt><dd>Stuck</dd></div></dl>
<pre class="command"><code>start -d '{"runbook_name": "stuck", "runbook_version": "1.2.0"}'</code></pre>
<h2>Detection</h2><p>See <code>curl</code>.</p>
<pre class="command"><code>curl "$A" | grep '^x &amp; y'
</code></pre><pre class="output"><code>1</code></pre>
<h2>Recovery</h2><pre class="command"><code>one
two</code></pre>
"""


def test_name_version_opening_and_commands_are_read_in_order() -> None:
    assert shown_runbook(PAGE) == {
        "name": "stuck",
        "version": "1.2.0",
        "opens": "stuck 1.2.0",
        "commands": ["curl \"$A\" | grep '^x & y'", "one\ntwo"],
    }


def test_a_page_that_is_no_runbook_shows_none() -> None:
    assert shown_runbook("<p>busy</p>") == {"name": "", "version": "", "opens": "", "commands": []}
