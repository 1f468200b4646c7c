-- What waits, in its order. Without these SQLite looks through all that is done, from the oldest on, to find the few.
CREATE INDEX inbox_open ON inbox (seq) WHERE state = 'pending';
CREATE INDEX outbox_open ON outbox (seq) WHERE state = 'pending';
