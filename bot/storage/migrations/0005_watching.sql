-- What an update led to, by the reference that its customer was told; and what whoever watches asks every few seconds
-- of tables that grow.

ALTER TABLE outbox ADD COLUMN reference TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN reference TEXT NOT NULL DEFAULT '';

CREATE INDEX chats_by_phase ON chats (phase) WHERE phase NOT IN ('idle', 'closed', 'cancelled');
CREATE INDEX inbox_parked ON inbox (seq) WHERE state = 'parked';
CREATE INDEX outbox_dead ON outbox (seq) WHERE state = 'dead';
CREATE INDEX jobs_dead ON jobs (seq) WHERE state = 'dead';
CREATE INDEX outside_certificates_by_status ON outside_certificates (status);
CREATE INDEX applications_figures ON applications (outcome, submitted_at, issued_at);

-- Written by whoever asks whether the database can be written.
CREATE TABLE pulse (
  id            INTEGER PRIMARY KEY CHECK (id = 1),
  beat_at       REAL NOT NULL
) STRICT;
