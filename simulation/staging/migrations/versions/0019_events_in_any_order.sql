-- Events come in any order: which is the newest about an object is asked at each. And the endpoint that they are pushed to
-- is looked at once a day, since Stripe disables one that has failed for days.

CREATE INDEX stripe_events_object_idx ON stripe_events ((raw_payload_json #>> '{data,object,id}'));
ALTER TABLE reconciliation_runs ADD COLUMN webhook_endpoints_enabled integer DEFAULT 1 NOT NULL
  CHECK (webhook_endpoints_enabled >= 0);
