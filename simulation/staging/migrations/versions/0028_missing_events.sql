-- Events that Stripe made and could deliver to nobody: a refund, a dispute or a reversal that is not ours is known by its
-- event alone.

ALTER TABLE reconciliation_runs ADD COLUMN missing_events jsonb NOT NULL DEFAULT '[]';
