-- The ledger of the first release. Serials are hexadecimal text, times are seconds since 1970, and what names a
-- person is sealed (BLOB columns `subject`, `tbs`, `der`).

CREATE TABLE meta (
  name  TEXT PRIMARY KEY,
  value BLOB NOT NULL
) STRICT;

CREATE TABLE enrolment (
  request_id   TEXT PRIMARY KEY,
  reference    TEXT NOT NULL UNIQUE,
  holder       TEXT NOT NULL,
  profile      TEXT NOT NULL,
  fingerprint  BLOB NOT NULL,               -- keyed hash of the order: the same id must ask for the same
  replaces     TEXT REFERENCES certificate (serial),
  created_at   INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL,
  tries        INTEGER NOT NULL DEFAULT 0,  -- wrong codes
  withdrawn_at INTEGER,
  subject      BLOB                         -- name and identity number; gone once redeemed, withdrawn or lapsed
) STRICT;
CREATE INDEX enrolment_with_subject ON enrolment (expires_at) WHERE subject IS NOT NULL;

-- What will be signed is here before it is signed: after a crash it is known what was meant.
CREATE TABLE intent (
  serial      TEXT PRIMARY KEY,
  request_id  TEXT NOT NULL UNIQUE,
  holder      TEXT NOT NULL,
  profile     TEXT NOT NULL,
  fingerprint BLOB NOT NULL,
  spki_hash   BLOB NOT NULL,
  replaces    TEXT REFERENCES certificate (serial),
  not_before  INTEGER NOT NULL,
  not_after   INTEGER NOT NULL,
  tbs         BLOB NOT NULL
) STRICT;
CREATE INDEX intent_by_holder ON intent (holder);
CREATE INDEX intent_by_key ON intent (spki_hash);

CREATE TABLE certificate (
  serial    TEXT PRIMARY KEY REFERENCES intent (serial),
  der       BLOB NOT NULL,
  status    TEXT NOT NULL DEFAULT 'good' CHECK (status IN ('good', 'hold', 'revoked')),
  status_at INTEGER,
  reason    TEXT,
  replaces  TEXT UNIQUE REFERENCES certificate (serial)  -- unique: a certificate is replaced once
) STRICT;
CREATE INDEX certificate_not_good ON certificate (status) WHERE status <> 'good';

-- Asking for the same act twice does it once.
CREATE TABLE act (
  request_id TEXT PRIMARY KEY,
  kind       TEXT NOT NULL,
  serial     TEXT NOT NULL REFERENCES certificate (serial),
  reason     TEXT NOT NULL
) STRICT;

CREATE TABLE day (
  day  TEXT PRIMARY KEY,
  last INTEGER NOT NULL
) STRICT;

CREATE TABLE crl (
  issuer      TEXT PRIMARY KEY,
  number      INTEGER NOT NULL,
  this_update INTEGER NOT NULL,
  next_update INTEGER NOT NULL,
  version     INTEGER NOT NULL,  -- the last audit line that changed a status when the list was made
  der         BLOB NOT NULL
) STRICT;

CREATE TABLE audit (
  seq        INTEGER PRIMARY KEY,
  at         INTEGER NOT NULL,
  kind       TEXT NOT NULL,
  subject    TEXT NOT NULL,      -- a serial, a reference number, or the authority itself
  request_id TEXT NOT NULL,
  detail     TEXT NOT NULL,      -- JSON, without personal data
  digest     BLOB NOT NULL       -- SHA-256 over the digest before and this line
) STRICT;
CREATE INDEX audit_of_status ON audit (seq) WHERE kind IN ('revoked', 'held', 'released');
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_is_never_erased BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;
