// Fairway Games: the HTTP server and, in the same process, its background jobs.
import { randomUUID } from 'node:crypto';
import express from 'express';
import { adminRoutes } from './lib/admin.js';
import { charges } from './lib/charges.js';
import { config } from './lib/config.js';
import { pool } from './lib/db.js';
import { games } from './lib/games.js';
import { startJobs } from './lib/jobs.js';
import { log } from './lib/log.js';
import { metrics } from './lib/metrics.js';
import { players } from './lib/players.js';
import { Refusal } from './lib/refusal.js';
import { requests } from './lib/service_levels.js';
import { receive } from './lib/webhooks.js';

const app = express();
app.disable('x-powered-by');

app.use((request, response, next) => {
  request.requestId = request.get('X-Request-Id') || randomUUID();
  response.set('X-Request-Id', request.requestId);
  response.on('finish', () => requests.count(response.statusCode >= 500));
  next();
});

app.get('/health', (request, response) => response.json({ status: 'ok' }));
app.get('/metrics', metrics);
// Before the JSON parser: Stripe's signature is over the bytes.
app.post('/v2/hooks/stripe', express.raw({ type: () => true, limit: '4mb' }), receive);

app.use(express.json({ limit: '1mb' }));
app.use('/v2/players', players);
app.use('/v2/games', charges);
app.use('/v2/games', games);
app.use('/api/admin', adminRoutes);
app.use((request) => {
  throw new Refusal(404, 'not_found', `${request.method} ${request.path}`);
});

app.use((error, request, response, next) => {
  if (response.headersSent) return next(error);
  const status = error.status ?? 500;
  if (status >= 500)
    log.error('Http', 'request failed', { request_id: request.requestId, path: request.path, error: error.message });
  const message = status === 500 ? `unexpected error, request ${request.requestId}` : error.message;
  response.status(status).json({ error: error.code ?? 'internal_error', message });
});

const server = app.listen(config.port, '127.0.0.1', () => log.info('Http', 'listening', { port: config.port }));
startJobs();

process.on('SIGTERM', () => {
  log.info('Http', 'stopping');
  server.close(() => pool.end().then(() => process.exit(0)));
  server.closeIdleConnections();
});
