-- By which of our two endpoints at Stripe an event came: while both are enabled each brings every event, and that is no
-- repeated delivery. NULL: it was fetched from Stripe's list, or came before this was kept.

ALTER TABLE stripe_events ADD COLUMN endpoint text CHECK (endpoint IN ('primary', 'standby'));
