-- What became of the notices of a result: told to its customer and to staff for as long as the row is kept.
ALTER TABLE outbox ADD COLUMN result TEXT;      -- the request whose result it tells
ALTER TABLE outbox ADD COLUMN address BLOB;     -- where a result went, masked and sealed; it outlives the message
ALTER TABLE outbox ADD COLUMN ended_at REAL;    -- when it was sent or given up
CREATE INDEX outbox_results ON outbox (result) WHERE result IS NOT NULL;
CREATE INDEX applications_receipts ON applications (receipt);

-- Where results go beside the chat, as the customer chose.
ALTER TABLE reminders ADD COLUMN results TEXT NOT NULL DEFAULT 'both'
  CHECK (results IN ('both', 'sms', 'mail', 'chat'));

-- Addresses at which nobody is, by keyed hash: the register's next one has another hash, and is tried.
CREATE TABLE bounces (
  address       BLOB PRIMARY KEY,
  bounced_at    REAL NOT NULL
) STRICT;
CREATE INDEX bounces_by_age ON bounces (bounced_at);
