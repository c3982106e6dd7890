-- Every foreign key has an index (fixtures/spec/requirements.md, N-4).
CREATE INDEX idx_payout_transfers_acknowledged_by ON payout_transfers (acknowledged_by);
CREATE INDEX idx_payout_jobs_reviewed_by ON payout_jobs (reviewed_by);
