// Is a payload the leaderboard we agreed on? Everything that is wrong with it is gathered, each with a code.

const EVENT_STATES = ['STATUS_SCHEDULED', 'STATUS_IN_PROGRESS', 'STATUS_FINAL'];
const PLAYER_STATES = ['STATUS_ACTIVE', 'STATUS_CUT', 'STATUS_WITHDRAWN'];
const ROUNDS = [1, 2, 3, 4];
const HOLES = 18;
const MOST_STROKES = 20;

/** { golfers: Map(id → { state, rounds: [strokes or null × 4] }), final, errors }; golfers only when there are no errors. */
export function readBoard(payload, tournament) {
  const errors = [];
  const note = (code, path, detail) =>
    errors.push({ code, path, detail: String(JSON.stringify(detail)).slice(0, 200) });
  const event = payload?.events?.[0];
  if (typeof payload !== 'object' || payload === null || !event) {
    note('SCHEMA_MISMATCH', '$.events', 'there is no event');
    return { errors };
  }
  if (event.id !== tournament) note('SCHEMA_MISMATCH', '$.events[0].id', event.id);
  const state = stateOf(event, EVENT_STATES, '$.events[0]', note);
  const final = state === 'STATUS_FINAL';
  if (state && event.status.type.completed !== final)
    note('INVALID_STATUS', '$.events[0].status.type', event.status.type);
  const competitors = event.competitions?.[0]?.competitors;
  if (!Array.isArray(competitors) || !competitors.length)
    note('SCHEMA_MISMATCH', '$.events[0].competitions[0]', 'no competitors');
  const golfers = new Map();
  for (const [index, competitor] of (Array.isArray(competitors) ? competitors : []).entries()) {
    const path = `competitors[${index}]`;
    if (typeof competitor?.id !== 'string' || !competitor.id.trim() || golfers.has(competitor.id)) {
      note('INVALID_PLAYER_ID', path, competitor?.id);
      continue;
    }
    golfers.set(competitor.id, {
      state: stateOf(competitor, PLAYER_STATES, path, note),
      rounds: roundsOf(competitor, path, note),
    });
  }
  return errors.length ? { errors } : { golfers, final, errors };
}

function stateOf(owner, allowed, path, note) {
  const name = owner.status?.type?.name;
  if (allowed.includes(name)) return name;
  note(name === undefined ? 'MISSING_REQUIRED_FIELD' : 'INVALID_STATUS', `${path}.status.type.name`, name);
  return null;
}

function roundsOf(competitor, path, note) {
  const rounds = ROUNDS.map(() => null);
  const seen = new Set();
  if (!Array.isArray(competitor.linescores))
    note('MISSING_REQUIRED_FIELD', `${path}.linescores`, competitor.linescores);
  for (const line of competitor.linescores ?? []) {
    const round = number(line?.period, `${path}.linescores.period`, note);
    if (round === null) continue;
    if (!ROUNDS.includes(round)) note('INVALID_ROUND_NUMBER', path, round);
    else if (seen.has(round)) note('DUPLICATE_ROUND_FOR_PLAYER', path, round);
    else rounds[round - 1] = strokesOf(line, `${path} round ${round}`, note);
    seen.add(round);
  }
  return rounds;
}

/** Null until the round has its 18 holes. */
function strokesOf(line, path, note) {
  const holes = new Map();
  for (const hole of line.linescores ?? []) {
    const period = number(hole?.period, `${path}.period`, note);
    const strokes = number(hole?.value, `${path}.value`, note);
    if (period === null || strokes === null) continue;
    if (period < 1 || period > HOLES || holes.has(period)) note('SCHEMA_MISMATCH', path, `hole ${period}`);
    else if (strokes < 1 || strokes > MOST_STROKES) note('OUT_OF_RANGE_SCORE', path, strokes);
    else holes.set(period, strokes);
  }
  return holes.size === HOLES ? [...holes.values()].reduce((a, b) => a + b) : null;
}

function number(value, path, note) {
  if (Number.isInteger(value)) return value;
  if (value === undefined) note('MISSING_REQUIRED_FIELD', path, value);
  else note(/^-?\d+$/.test(String(value)) ? 'NUMERIC_STRING_NOT_ALLOWED' : 'INVALID_DATA_TYPE', path, value);
  return null;
}

/** What a board may not do to the one before it in a live game. Other strokes are a correction, and welcome. */
export function stepsBack(before, after) {
  const errors = [];
  for (const [id, golfer] of after.golfers) {
    const known = before.golfers.get(id);
    if (!known) errors.push({ code: 'UNKNOWN_PLAYER', path: id, detail: 'was not in the field' });
    else if (known.rounds.some((strokes, index) => strokes !== null && golfer.rounds[index] === null)) {
      errors.push({ code: 'INCONSISTENT_LEADERBOARD_ORDER', path: id, detail: 'lost a round' });
    }
  }
  for (const id of before.golfers.keys()) {
    if (!after.golfers.has(id)) errors.push({ code: 'MISSING_REQUIRED_FIELD', path: id, detail: 'left the field' });
  }
  if (before.final && !after.final)
    errors.push({ code: 'INCONSISTENT_LEADERBOARD_ORDER', path: '$', detail: 'was final before' });
  return errors;
}
