-- Certificates of an authority outside: which we know of, and what has become of them.
CREATE TABLE outside_certificates (
  serial        TEXT PRIMARY KEY,        -- upper-case hexadecimal digits
  holder        TEXT NOT NULL,
  status        TEXT NOT NULL CHECK (status IN ('good', 'revoked')),
  not_before    REAL NOT NULL,
  not_after     REAL NOT NULL,
  sealed        BLOB NOT NULL            -- the certificate, DER: it names a person
) STRICT;
CREATE INDEX outside_certificates_holder ON outside_certificates (holder);

-- What is asked of it. The step is stored before it is sent, and sent again until its answer is stored.
CREATE TABLE outside_orders (
  request_id    TEXT PRIMARY KEY,
  reference     TEXT NOT NULL UNIQUE,
  holder        TEXT NOT NULL,
  replaces      TEXT NOT NULL REFERENCES outside_certificates (serial),
  state         TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'running', 'done', 'refused')),
  sealed        BLOB,                    -- who it is for; NULL once it is running
  tries         INTEGER NOT NULL DEFAULT 0,
  expires_at    REAL NOT NULL,
  turn          INTEGER NOT NULL DEFAULT 0,
  step          BLOB,                    -- bot.outside.engine.Step; sealed, since a request names a person
  due_at        REAL NOT NULL DEFAULT 0,
  obtained      INTEGER NOT NULL DEFAULT 0,  -- the new certificate is there: the rest needs no key
  refusal       TEXT,
  serial        TEXT
) STRICT;
-- Two orders for one certificate never run side by side: the later one would find it revoked, or be a second one.
CREATE UNIQUE INDEX outside_orders_running ON outside_orders (replaces) WHERE state = 'running';
