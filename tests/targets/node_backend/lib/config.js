// What a deployment sets. Read once; nothing changes while the server runs.

function required(name) {
  const value = process.env[name];
  if (!value) {
    console.error(`${name} is not set`);
    process.exit(78);
  }
  return value;
}

export const config = {
  environment: process.env.NODE_ENV ?? 'development',
  port: Number(process.env.PORT ?? 4000),
  databaseUrl: required('DATABASE_URL'),
  poolSize: 10,
  stripeSecretKey: required('STRIPE_SECRET_KEY'),
  stripeWebhookSecret: required('STRIPE_WEBHOOK_SECRET'),
  adminSecret: required('ADMIN_JWT_SECRET'),
  feedUrl: process.env.FEED_URL ?? 'https://feed.fairway.example',
};
