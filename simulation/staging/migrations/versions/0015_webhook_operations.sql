-- Which endpoint at Stripe events are pushed to is switched by operations, too.

ALTER TABLE operations_events DROP CONSTRAINT operations_events_subject_check;
ALTER TABLE operations_events ADD CONSTRAINT operations_events_subject_check
  CHECK (subject IN ('database', 'authentication', 'webhooks'));
