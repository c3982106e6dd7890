// Runbook executions: one row each, opened, moved forward, closed once.
import { Router } from 'express';
import { change, read } from './db.js';
import { isUuid, need, Refusal } from './refusal.js';

const PHASES = [
  'detection',
  'diagnosis',
  'prerequisites',
  'recovery',
  'steps',
  'verification',
  'documentation',
  'rollback',
  'escalation',
];

export const runbooks = Router();

runbooks.post('/start', async (request, response) => {
  const body = need(request.body, 'runbook_name', 'runbook_version', 'executed_by');
  const why = `${body.executed_by} carries out ${body.runbook_name} ${body.runbook_version}`;
  const row = await change(request.by, { what: 'runbook_started', why, about: ['ops_run', 'new'] }, async (tx) => {
    const [made] = await tx.write(
      `INSERT INTO ops_runs (runbook_name, runbook_version, executed_by, status, system_state_before)
       VALUES ($1, $2, $3, 'in_progress', $4) RETURNING id, start_time`,
      [body.runbook_name, body.runbook_version, body.executed_by, json(body.system_state_before)],
    );
    tx.entry.about = ['ops_run', made.id];
    return made;
  });
  response.json({ timestamp: row.start_time, execution_id: row.id });
});

runbooks.post('/step', async (request, response) => {
  const {
    execution_id: id,
    phase,
    step,
    outcome,
    detail,
  } = need(request.body, 'execution_id', 'phase', 'step', 'outcome');
  if (!PHASES.includes(phase) || !['started', 'passed', 'failed'].includes(outcome) || !(step >= 1)) {
    throw new Refusal(400, 'invalid_step', 'an unknown phase or outcome, or no step');
  }
  const entry = {
    what: 'runbook_step',
    why: `${phase} step ${step} ${outcome}`,
    about: ['ops_run', id],
    details: { detail },
  };
  await change(request.by, entry, async (tx) => {
    const row = await open(tx, id);
    const at = PHASES.indexOf(row.execution_phase);
    const to = PHASES.indexOf(phase);
    if (to < at || (to === at && step < row.phase_step))
      throw new Refusal(409, 'step_not_forward', `it is at ${row.execution_phase}`);
    await tx.write('UPDATE ops_runs SET execution_phase = $2, phase_step = $3 WHERE id = $1', [id, phase, step]);
  });
  response.json({ timestamp: new Date() });
});

runbooks.post('/complete', async (request, response) => {
  const body = need(request.body, 'execution_id', 'status');
  if (!['completed', 'failed', 'partial'].includes(body.status))
    throw new Refusal(400, 'invalid_status', 'completed, failed or partial');
  const why = body.error_reason ?? `ended as ${body.status}`;
  const row = await change(
    request.by,
    { what: 'runbook_completed', why, about: ['ops_run', body.execution_id] },
    async (tx) => {
      await open(tx, body.execution_id);
      const [closed] = await tx.write(
        `UPDATE ops_runs SET status = $2, end_time = now(), duration_seconds = floor(extract(epoch FROM now() - start_time)),
         result_json = $3, error_reason = $4, system_state_after = $5 WHERE id = $1 RETURNING end_time`,
        [
          body.execution_id,
          body.status,
          json(body.result_json),
          body.error_reason ?? null,
          json(body.system_state_after),
        ],
      );
      return closed;
    },
  );
  response.json({ timestamp: row.end_time, success: true });
});

runbooks.get('/executions', async (request, response) => {
  const rows = await read('SELECT * FROM ops_runs WHERE $1::text IS NULL OR status = $1 ORDER BY start_time DESC, id', [
    request.query.status ?? null,
  ]);
  response.json({ executions: rows });
});

async function open(tx, id) {
  const [row] = isUuid(id) ? await tx.read('SELECT * FROM ops_runs WHERE id = $1 FOR UPDATE', [id]) : [];
  if (!row) throw new Refusal(404, 'execution_id_not_found', `no execution ${id}`);
  if (row.status !== 'in_progress') throw new Refusal(409, 'execution_already_final', `it is ${row.status}`);
  return row;
}

const json = (value) => (value === undefined || value === null ? null : JSON.stringify(value));
