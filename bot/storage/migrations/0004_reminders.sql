-- A customer's certificate that is watched for them, and what they want to hear of it. One row a chat: it is the latest.
CREATE TABLE reminders (
  chat_id       INTEGER PRIMARY KEY,
  active        INTEGER NOT NULL DEFAULT 1,
  lead          INTEGER NOT NULL DEFAULT 366, -- days before the expiry from which on it is told
  hour          INTEGER NOT NULL DEFAULT 10,  -- in Korea
  channel       TEXT NOT NULL DEFAULT 'chat' CHECK (channel IN ('chat', 'sms', 'mail')),
  serial        TEXT,                         -- NULL while none is watched
  issued_on     TEXT,                         -- days in Korea, ISO 8601
  expires_on    TEXT,
  again_on      TEXT,
  told_until    REAL NOT NULL DEFAULT 0,
  turn          INTEGER NOT NULL DEFAULT 0    -- grows with every plan, so that a job of an earlier one does nothing
) STRICT;
