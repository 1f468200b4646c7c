-- What relying parties ask: lists by part, and the delegates that answer for the authority.

ALTER TABLE intent ADD COLUMN part INTEGER;   -- the part of the revocation list that its certificate names; NULL: the whole

CREATE TABLE crl_number (
  issuer TEXT PRIMARY KEY,
  last   INTEGER NOT NULL          -- reserved before a list is signed: no number is ever used twice
) STRICT;

-- Short-lived certificates for OCSP, CMP and audit heads. Their keys are never kept.
CREATE TABLE delegate (
  serial    TEXT PRIMARY KEY,
  issuer    TEXT NOT NULL,
  purpose   TEXT NOT NULL,
  not_after INTEGER NOT NULL,
  der       BLOB NOT NULL
) STRICT;
