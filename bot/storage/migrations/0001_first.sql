-- Chats: where screens go. The chat id is the messenger's routing key; nothing here names a person.
CREATE TABLE chats (
  chat_id       INTEGER PRIMARY KEY,
  language      TEXT NOT NULL,
  card          INTEGER,                 -- message id of the present screen
  last          INTEGER NOT NULL DEFAULT 0,  -- the newest message that stays in the chat
  keyboard      INTEGER NOT NULL DEFAULT 0,  -- a reply keyboard is open
  blocked       INTEGER NOT NULL DEFAULT 0,
  sealed_case   BLOB NOT NULL,           -- bot.case.Case, AES-GCM
  phase         TEXT NOT NULL,
  changed_at    REAL NOT NULL
) STRICT;

CREATE INDEX chats_open ON chats (changed_at) WHERE phase IN ('asking', 'proving', 'enrolled', 'refused');

-- Updates as they came, until they are done; the id stays, so that a second delivery is known.
CREATE TABLE inbox (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  update_id     INTEGER NOT NULL UNIQUE,
  lane          TEXT NOT NULL,
  sealed        BLOB,                    -- NULL once done
  state         TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'parked')),
  attempts      INTEGER NOT NULL DEFAULT 0,
  due_at        REAL NOT NULL,
  last_error    TEXT,
  came_at       REAL NOT NULL
) STRICT;
CREATE INDEX inbox_pending ON inbox (lane, seq) WHERE state = 'pending';
CREATE INDEX inbox_done ON inbox (came_at) WHERE state = 'done';

-- Messages to send, in the order of their lane. The key is the cause: the same cause is sent once.
CREATE TABLE outbox (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  key           TEXT NOT NULL UNIQUE,
  lane          TEXT NOT NULL,
  sealed        BLOB,                    -- NULL once sent
  state         TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'dead')),
  attempts      INTEGER NOT NULL DEFAULT 0,
  due_at        REAL NOT NULL,
  lease         TEXT,
  lease_until   REAL NOT NULL DEFAULT 0,
  last_error    TEXT,
  made_at       REAL NOT NULL
) STRICT;
CREATE INDEX outbox_pending ON outbox (lane, seq) WHERE state = 'pending';
CREATE INDEX outbox_gone ON outbox (made_at) WHERE state <> 'pending';

-- Work for the desk, time-outs included.
CREATE TABLE jobs (
  seq           INTEGER PRIMARY KEY AUTOINCREMENT,
  key           TEXT NOT NULL UNIQUE,
  kind          TEXT NOT NULL,
  chat_id       INTEGER NOT NULL,
  sealed        BLOB,
  state         TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done', 'dead')),
  attempts      INTEGER NOT NULL DEFAULT 0,
  due_at        REAL NOT NULL,
  lease         TEXT,
  lease_until   REAL NOT NULL DEFAULT 0,
  last_error    TEXT,
  made_at       REAL NOT NULL
) STRICT;
CREATE INDEX jobs_pending ON jobs (due_at) WHERE state = 'pending';
CREATE INDEX jobs_gone ON jobs (made_at) WHERE state <> 'pending';

-- The bank's register. Look-ups go by keyed hashes; the record itself is sealed.
CREATE TABLE customers (
  customer_id   TEXT PRIMARY KEY,
  person        BLOB NOT NULL,           -- keyed hash of name and birth date
  phone         BLOB NOT NULL,
  account       BLOB NOT NULL,
  sealed        BLOB NOT NULL
) STRICT;
CREATE INDEX customers_person ON customers (person);
CREATE INDEX customers_phone ON customers (phone);
CREATE INDEX customers_account ON customers (account);

-- Tries, by keyed hash of who or what is tried.
CREATE TABLE limits (
  key           BLOB PRIMARY KEY,
  tries         INTEGER NOT NULL,
  since         REAL NOT NULL,
  paused_until  REAL NOT NULL DEFAULT 0,
  pauses        INTEGER NOT NULL DEFAULT 0
) STRICT;

-- One row a submitted application: the ledger of the desk, without personal data.
CREATE TABLE applications (
  request_id    TEXT PRIMARY KEY,
  chat_id       INTEGER NOT NULL,
  receipt       TEXT NOT NULL,
  outcome       TEXT,                    -- 'approved', 'issued' or the refusal's code
  serial        TEXT,
  submitted_at  REAL NOT NULL,
  decided_at    REAL,
  issued_at     REAL,
  received_at   REAL
) STRICT;

-- The customer's key between its making and its hand-over, and the files for their lifetime.
CREATE TABLE keeps (
  request_id    TEXT NOT NULL,
  name          TEXT NOT NULL,
  chat_id       INTEGER NOT NULL,
  sealed        BLOB NOT NULL,
  until         REAL NOT NULL,
  PRIMARY KEY (request_id, name)
) STRICT;

-- Messages in the operators' chat that speak of a customer's chat: an answer to one goes there.
CREATE TABLE relays (
  message_id    INTEGER PRIMARY KEY,
  chat_id       INTEGER NOT NULL
) STRICT;

-- Questions the knowledge base could not answer are counted by topic, never kept as text.
CREATE TABLE usefulness (
  topic         TEXT NOT NULL,
  useful        INTEGER NOT NULL,
  times         INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (topic, useful)
) STRICT;
