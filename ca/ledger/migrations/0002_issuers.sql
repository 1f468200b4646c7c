-- The issuing authority may be rolled over: every key it ever had stays known, as it answers for what it signed.

CREATE TABLE issuer (
  ordinal INTEGER PRIMARY KEY,     -- 1 is the first; the highest issues
  key_id  TEXT NOT NULL UNIQUE,    -- subjectKeyIdentifier, hexadecimal
  digest  BLOB NOT NULL,           -- SHA-256 of its certificate, which is a file beside the ledger
  made_at INTEGER NOT NULL
) STRICT;

-- Empty only between this migration and the first start after it, which knows the one key there was.
ALTER TABLE intent ADD COLUMN issuer TEXT NOT NULL DEFAULT '';
