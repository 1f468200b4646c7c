-- CMP transactions: a message that comes again gets the same effect, and certConf is checked after a restart too.

CREATE TABLE cmp_transaction (
  id          TEXT PRIMARY KEY,   -- transactionID, hexadecimal
  opener      TEXT NOT NULL,      -- reference number, or serial of the certificate that signed
  fingerprint BLOB NOT NULL,      -- keyed hash of kind and body
  serial      TEXT,               -- of the certificate that came of it
  nonce       BLOB NOT NULL,      -- senderNonce of our answers
  confirmed   TEXT,               -- accepted, rejected, implicit
  at          INTEGER NOT NULL
) STRICT;
CREATE INDEX cmp_transaction_by_age ON cmp_transaction (at);
