-- The Merkle tree over the audit, by which a line is proved to somebody who sees no other: each complete subtree's
-- hash, in the order in which they become complete. Lines of former releases are hashed at the next one written.

CREATE TABLE audit_node (
  place INTEGER PRIMARY KEY,
  hash  BLOB NOT NULL
) STRICT;
CREATE TRIGGER audit_node_is_never_changed BEFORE UPDATE ON audit_node
BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_node_is_never_erased BEFORE DELETE ON audit_node
BEGIN SELECT RAISE (ABORT, 'the audit is append-only'); END;

-- What a receipt is made of: the lines of one certificate.
CREATE INDEX audit_of_certificate ON audit (subject) WHERE kind IN ('signed', 'revoked', 'held', 'released');

-- How many transactions wrote, which numbers the lines of the journal that lies outside the ledger.
CREATE TABLE journal (
  only   INTEGER PRIMARY KEY CHECK (only = 1),
  number INTEGER NOT NULL
) STRICT;
INSERT INTO journal (only, number) VALUES (1, 0);
