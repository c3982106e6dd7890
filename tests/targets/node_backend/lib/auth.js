// Who calls: a player by X-Player-Id (the gateway has checked the session), staff by an HS256 token.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { config } from './config.js';
import { read } from './db.js';
import { log } from './log.js';
import { isUuid, Refusal } from './refusal.js';
import { authentications } from './service_levels.js';

export async function player(request, response, next) {
  const id = request.get('X-Player-Id');
  const [found] = isUuid(id) ? await read('SELECT id FROM people WHERE id = $1 AND removed_at IS NULL', [id]) : [];
  if (!found) throw new Refusal(401, 'unauthorized', 'X-Player-Id must name a player');
  request.by = { who: found.id, request: request.requestId };
  next();
}

export async function admin(request, response, next) {
  let broke = true;
  try {
    const who = await adminOf(request.get('Authorization') ?? '');
    broke = false;
    request.by = { who, request: request.requestId };
  } catch (error) {
    broke = !(error instanceof Refusal);
    throw error;
  } finally {
    authentications.count(broke);
  }
  next();
}

async function adminOf(header) {
  const claims = verify(header);
  if (!claims) {
    log.error('Auth', 'token refused');
    throw new Refusal(401, 'unauthorized', 'a valid bearer token is needed');
  }
  const [person] = await read('SELECT staff FROM people WHERE id = $1 AND removed_at IS NULL', [claims.sub]);
  if (claims.is_admin !== true || claims.role !== 'admin' || !person?.staff) {
    throw new Refusal(403, 'forbidden', 'admin rights are needed');
  }
  return claims.sub;
}

function verify(header) {
  const [scheme, token = ''] = header.split(' ');
  const [head, body, signature] = token.split('.');
  if (scheme.toLowerCase() !== 'bearer' || !signature) return null;
  const ours = createHmac('sha256', config.adminSecret).update(`${head}.${body}`).digest();
  const theirs = Buffer.from(signature, 'base64url');
  if (theirs.length !== ours.length || !timingSafeEqual(ours, theirs)) return null;
  try {
    const claims = JSON.parse(Buffer.from(body, 'base64url'));
    const now = Date.now() / 1000;
    const genuine = JSON.parse(Buffer.from(head, 'base64url')).alg === 'HS256' && isUuid(claims.sub);
    // iat is whole seconds: a token of this very second is valid
    return genuine && Math.floor(claims.iat) <= now && now < claims.exp ? claims : null;
  } catch {
    return null;
  }
}
