// The database. Whatever changes a row goes through `change`, which leaves one line in operations_log in the same
// transaction; a transaction that changed nothing leaves none.
import pg from 'pg';
import { config } from './config.js';
import { log } from './log.js';

export const pool = new pg.Pool({ connectionString: config.databaseUrl, max: config.poolSize, idleTimeoutMillis: 0 });
pool.on('error', (error) => log.error('Database', 'idle connection lost', { error: error.message }));
// A connection may break while a transaction has it: without a listener that would end the process.
pool.on('connect', (client) => client.on('error', (error) => log.error('Database', 'connection lost', { error: error.message })));

export const SYSTEM = '00000000-0000-0000-0000-000000000000';

/** Who acts, and in which request. */
export function byJob(name) {
  return { who: SYSTEM, request: `job:${name}:${new Date().toISOString().slice(0, 19)}` };
}

export async function read(sql, values = []) {
  return (await pool.query(sql, values)).rows;
}

export function freeConnections() {
  return config.poolSize - pool.totalCount + pool.idleCount;
}

class Change {
  changed = false;

  constructor(client, by, entry) {
    this.client = client;
    this.by = by;
    this.entry = entry;
  }

  async read(sql, values = []) {
    return (await this.client.query(sql, values)).rows;
  }

  /** Runs a statement that changes rows; returns what it gives back. */
  async write(sql, values = []) {
    const result = await this.client.query(sql, values);
    this.changed ||= result.rowCount > 0;
    return result.rows;
  }

  /** Adds to the game's own trail. */
  async trail(gameId, what, why, { from = null, to = null, details = {} } = {}) {
    await this.write(
      `INSERT INTO game_trail (game_id, who, what, why, from_state, to_state, details)
       VALUES ($1, $2, $3, $4, $5, $6, $7)`,
      [gameId, this.by.who, what, why, from, to, details],
    );
  }
}

/** entry: { what, why, about: [kind, id], details }; `work` may still alter it. */
export async function change(by, entry, work) {
  const client = await pool.connect();
  let broken;
  try {
    await client.query('BEGIN');
    const tx = new Change(client, by, { details: {}, ...entry });
    const result = await work(tx);
    if (tx.changed) {
      const { what, why, about, details } = tx.entry;
      await client.query(
        `INSERT INTO operations_log (who, what, why, about_kind, about_id, request, details)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [by.who, what, why, about[0], about[1], by.request, details],
      );
    }
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((lost) => {
      broken = lost;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
