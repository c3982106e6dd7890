-- Points League: pools of friends who pick golfers, with one wallet each. Amounts in cents; a wallet line has a sign.
CREATE TABLE members (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  handle text NOT NULL,
  email text NOT NULL UNIQUE,
  is_staff boolean NOT NULL DEFAULT false,
  stripe_account text,
  since timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE pools (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  title text NOT NULL,
  captain bigint NOT NULL REFERENCES members (id),
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
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool_id bigint NOT NULL REFERENCES pools (id),
  member_id bigint NOT NULL REFERENCES members (id),
  golfers jsonb NOT NULL,
  picked_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (pool_id, member_id)
);

CREATE TABLE topups (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool_id bigint NOT NULL REFERENCES pools (id),
  member_id bigint NOT NULL REFERENCES members (id),
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
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  wallet text NOT NULL,
  member_id bigint REFERENCES members (id),
  pool_id bigint REFERENCES pools (id),
  kind text NOT NULL CHECK (kind IN ('topup', 'entry', 'prize', 'rake', 'cashout')),
  cents bigint NOT NULL,
  about bigint NOT NULL,
  once text NOT NULL UNIQUE,
  written_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE boards (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool_id bigint NOT NULL REFERENCES pools (id),
  sha256 text NOT NULL,
  body jsonb NOT NULL,
  final boolean NOT NULL,
  got_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (pool_id, sha256)
);

CREATE TABLE board_errors (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool_id bigint NOT NULL REFERENCES pools (id),
  code text NOT NULL,
  noted_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE settlements (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool_id bigint NOT NULL UNIQUE REFERENCES pools (id),
  players integer NOT NULL,
  pot_cents bigint NOT NULL,
  standings jsonb NOT NULL,
  settled_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cashouts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool_id bigint NOT NULL REFERENCES pools (id),
  member_id bigint NOT NULL REFERENCES members (id),
  cents bigint NOT NULL,
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sent', 'dropped')),
  tries integer NOT NULL DEFAULT 0,
  stripe_transfer text,
  dropped_because text,
  queued_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (pool_id, member_id)
);

CREATE TABLE pool_moves (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  pool_id bigint NOT NULL REFERENCES pools (id),
  who text NOT NULL,
  what text NOT NULL,
  why text NOT NULL,
  from_phase text,
  to_phase text,
  moved_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE journal (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  xact xid8 NOT NULL DEFAULT pg_current_xact_id(),
  who text NOT NULL,
  what text NOT NULL,
  why text NOT NULL,
  request text NOT NULL,
  written_at timestamptz NOT NULL DEFAULT now()
);
