-- Points League: pools of friends who pick golfers, with one wallet each. Amounts in cents; a wallet line has a sign.
CREATE TABLE members (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  handle text NOT NULL,
  email text NOT NULL UNIQUE,
  is_staff boolean NOT NULL DEFAULT false,
  stripe_account text,
  since timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE pools (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  title text NOT NULL,
  captain uuid NOT NULL REFERENCES members (id),
  entry_cents bigint NOT NULL CHECK (entry_cents >= 0),
  split jsonb NOT NULL,
  tournament text NOT NULL,
  picks_each integer NOT NULL,
  phase text NOT NULL DEFAULT 'draft' CHECK (phase IN ('draft', 'open', 'closed', 'playing', 'finished')),
  closes_at timestamptz NOT NULL,
  begins_at timestamptz NOT NULL,
  ends_at timestamptz NOT NULL,
  made_at timestamptz NOT NULL DEFAULT now(),
  settled_at timestamptz,
  paid_at timestamptz
);

CREATE TABLE picks (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  pool_id uuid NOT NULL REFERENCES pools (id),
  member_id uuid NOT NULL REFERENCES members (id),
  golfers jsonb NOT NULL,
  picked_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (pool_id, member_id)
);

CREATE TABLE topups (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  pool_id uuid NOT NULL REFERENCES pools (id),
  member_id uuid NOT NULL REFERENCES members (id),
  request_key text NOT NULL UNIQUE,
  stripe_intent text UNIQUE,
  cents bigint NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'received')),
  asked_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE stripe_events (
  id text PRIMARY KEY,
  kind text NOT NULL,
  got_at timestamptz NOT NULL DEFAULT now()
);

-- One line a movement. The wallet `house` is ours.
CREATE TABLE wallet_lines (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  wallet text NOT NULL,
  member_id uuid REFERENCES members (id),
  pool_id uuid REFERENCES pools (id),
  kind text NOT NULL CHECK (kind IN ('topup', 'entry', 'prize', 'rake', 'cashout')),
  cents bigint NOT NULL,
  about uuid NOT NULL,
  once text NOT NULL UNIQUE,
  written_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE boards (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  pool_id uuid NOT NULL REFERENCES pools (id),
  sha256 text NOT NULL,
  body jsonb NOT NULL,
  final boolean NOT NULL,
  got_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (pool_id, sha256)
);

CREATE TABLE board_errors (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  pool_id uuid NOT NULL REFERENCES pools (id),
  code text NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE settlements (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  pool_id uuid NOT NULL UNIQUE REFERENCES pools (id),
  players integer NOT NULL,
  pot_cents bigint NOT NULL,
  standings jsonb NOT NULL,
  settled_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cashouts (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  pool_id uuid NOT NULL REFERENCES pools (id),
  member_id uuid NOT NULL REFERENCES members (id),
  cents bigint NOT NULL,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'dropped')),
  tries integer NOT NULL DEFAULT 0,
  stripe_transfer text,
  dropped_because text,
  queued_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (pool_id, member_id)
);

CREATE TABLE pool_moves (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  pool_id uuid NOT NULL REFERENCES pools (id),
  who text NOT NULL,
  what text NOT NULL,
  why text NOT NULL,
  from_phase text,
  to_phase text,
  moved_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE journal (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  who text NOT NULL,
  what text NOT NULL,
  why text NOT NULL,
  request text NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now()
);
