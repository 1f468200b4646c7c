-- Every statement the ledger knows, by name. Serials are hexadecimal text, times are seconds since 1970,
-- and what names a person is sealed (BLOB columns `subject`, `tbs`, `der`).

-- name: schema
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

-- name: get_meta
SELECT value FROM meta WHERE name = :name

-- name: put_meta
INSERT INTO meta (name, value) VALUES (:name, :value)

-- name: insert_enrolment
INSERT INTO enrolment (request_id, reference, holder, profile, fingerprint, replaces, created_at, expires_at, subject)
VALUES (:request_id, :reference, :holder, :profile, :fingerprint, :replaces, :created_at, :expires_at, :subject)

-- name: enrolment_by_request
SELECT * FROM enrolment WHERE request_id = :request_id

-- name: enrolment_by_reference
SELECT * FROM enrolment WHERE reference = :reference

-- name: count_wrong_code
UPDATE enrolment SET tries = tries + 1 WHERE reference = :reference

-- name: forget_subject
UPDATE enrolment SET subject = NULL WHERE request_id = :request_id

-- name: forget_lapsed_subjects
UPDATE enrolment SET subject = NULL WHERE subject IS NOT NULL AND expires_at <= :now

-- name: withdraw_enrolment
UPDATE enrolment SET withdrawn_at = :now, subject = NULL WHERE request_id = :request_id

-- name: next_of_day
INSERT INTO day (day, last) VALUES (:day, 1) ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last

-- name: insert_intent
INSERT INTO intent (serial, request_id, holder, profile, fingerprint, spki_hash, replaces, not_before, not_after, tbs)
VALUES (:serial, :request_id, :holder, :profile, :fingerprint, :spki_hash, :replaces, :not_before, :not_after, :tbs)

-- name: intent_by_request
SELECT * FROM intent WHERE request_id = :request_id

-- name: serial_is_taken
SELECT 1 FROM intent WHERE serial = :serial

-- name: uses_of_key
SELECT intent.serial, intent.holder, coalesce(certificate.status, 'intent') AS status
FROM intent LEFT JOIN certificate USING (serial) WHERE intent.spki_hash = :spki_hash

-- name: insert_certificate
INSERT INTO certificate (serial, der, replaces) VALUES (:serial, :der, :replaces)

-- name: set_status
UPDATE certificate SET status = :status, status_at = :status_at, reason = :reason WHERE serial = :serial

-- name: record_by_serial
SELECT intent.*, certificate.der, certificate.status, certificate.status_at, certificate.reason,
       successor.serial AS replaced_by
FROM certificate JOIN intent USING (serial) LEFT JOIN certificate AS successor ON successor.replaces = certificate.serial
WHERE certificate.serial = :serial

-- name: record_by_request
SELECT intent.*, certificate.der, certificate.status, certificate.status_at, certificate.reason,
       successor.serial AS replaced_by
FROM intent JOIN certificate USING (serial) LEFT JOIN certificate AS successor ON successor.replaces = certificate.serial
WHERE intent.request_id = :request_id

-- name: records_by_holder
SELECT intent.*, certificate.der, certificate.status, certificate.status_at, certificate.reason,
       successor.serial AS replaced_by
FROM intent JOIN certificate USING (serial) LEFT JOIN certificate AS successor ON successor.replaces = certificate.serial
WHERE intent.holder = :holder ORDER BY certificate.rowid

-- name: revoked_for_list
SELECT serial, status, status_at, reason FROM certificate JOIN intent USING (serial)
WHERE status <> 'good' AND not_after >= :since ORDER BY status_at, serial

-- name: insert_act
INSERT INTO act (request_id, kind, serial, reason) VALUES (:request_id, :kind, :serial, :reason)

-- name: act_by_request
SELECT * FROM act WHERE request_id = :request_id

-- name: crl_by_issuer
SELECT * FROM crl WHERE issuer = :issuer

-- name: put_crl
INSERT OR REPLACE INTO crl (issuer, number, this_update, next_update, version, der)
VALUES (:issuer, :number, :this_update, :next_update, :version, :der)

-- name: status_version
SELECT coalesce(max(seq), 0) AS version FROM audit WHERE kind IN ('revoked', 'held', 'released')

-- name: last_audit
SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1

-- name: insert_audit
INSERT INTO audit (seq, at, kind, subject, request_id, detail, digest)
VALUES (:seq, :at, :kind, :subject, :request_id, :detail, :digest)

-- name: whole_audit
SELECT seq, at, kind, subject, request_id, detail, digest FROM audit ORDER BY seq

-- name: whole_intent
SELECT serial, request_id, tbs FROM intent

-- name: whole_certificate
SELECT serial, der, status, status_at, reason, replaces FROM certificate

-- name: whole_enrolment
SELECT reference, request_id, tries, withdrawn_at FROM enrolment
