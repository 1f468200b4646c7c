-- Questions that the knowledge base left open, without a word that somebody wrote: each is counted beside the nearest
-- way of asking that we know ourselves.
CREATE TABLE gaps (
  kind          TEXT NOT NULL CHECK (kind IN ('unanswered', 'offered', 'useless')),
  topic         TEXT NOT NULL,
  language      TEXT NOT NULL,
  likest        TEXT NOT NULL,
  times         INTEGER NOT NULL DEFAULT 0,
  last_at       REAL NOT NULL,
  PRIMARY KEY (kind, topic, language, likest)
) STRICT;

-- Who used which word in them, by keyed hashes that cannot be joined: a word is written out when several chats used it.
CREATE TABLE gap_words (
  topic         TEXT NOT NULL,
  word          BLOB NOT NULL,
  chat          BLOB NOT NULL,           -- of the chat and the word together
  said_at       REAL NOT NULL,
  PRIMARY KEY (topic, word, chat)
) STRICT;

CREATE TABLE gap_shared_words (
  topic         TEXT NOT NULL,
  word          TEXT NOT NULL,
  chats         INTEGER NOT NULL,
  last_at       REAL NOT NULL,
  PRIMARY KEY (topic, word)
) STRICT;
