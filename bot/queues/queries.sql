-- name: inbox_add
INSERT INTO inbox (update_id, lane, sealed, ahead, received_by, due_at, came_at)
VALUES (:update_id, :lane, :sealed, :ahead, :me, :now, :now) ON CONFLICT (update_id) DO NOTHING;

-- name: inbox_heads_ahead
-- Of the next query's updates, those that go first however long the others wait.
SELECT i.lane, i.seq, i.update_id, i.sealed, i.attempts, i.ahead FROM inbox i
WHERE i.state = 'pending' AND i.ahead = 1 AND i.due_at <= :now
  AND NOT EXISTS (SELECT 1 FROM inbox e WHERE e.lane = i.lane AND e.state = 'pending' AND e.seq < i.seq)
  AND (i.received_by = :me OR i.due_at <= :left_alone OR EXISTS (
    SELECT 1 FROM inbox m WHERE m.lane = i.lane AND m.state = 'pending' AND m.received_by = :me))
ORDER BY i.seq LIMIT :most;

-- name: inbox_heads
-- The oldest due update of every chat that this process received one of; of another process only after a while. This
-- only avoids double work: `inbox_done` makes sure that each is processed once.
SELECT i.lane, i.seq, i.update_id, i.sealed, i.attempts, i.ahead FROM inbox i
WHERE i.state = 'pending' AND i.due_at <= :now
  AND NOT EXISTS (SELECT 1 FROM inbox e WHERE e.lane = i.lane AND e.state = 'pending' AND e.seq < i.seq)
  AND (i.received_by = :me OR i.due_at <= :left_alone OR EXISTS (
    SELECT 1 FROM inbox m WHERE m.lane = i.lane AND m.state = 'pending' AND m.received_by = :me))
ORDER BY i.seq LIMIT :most;

-- name: inbox_head_of
SELECT seq, update_id, sealed, attempts, ahead, due_at FROM inbox
WHERE lane = :lane AND state = 'pending' ORDER BY seq LIMIT 1;

-- name: inbox_set_right
UPDATE inbox SET due_at = :now WHERE state = 'pending' AND due_at > :far;

-- name: inbox_done
-- Only the first open update of a lane can be done: a second process changes no row.
UPDATE inbox SET state = 'done', sealed = NULL WHERE seq = :seq AND state = 'pending'
  AND NOT EXISTS (SELECT 1 FROM inbox e WHERE e.lane = inbox.lane AND e.state = 'pending' AND e.seq < inbox.seq);

-- name: inbox_surplus
-- Marks a chat's updates over the limit as done, all at once.
UPDATE inbox SET state = 'done', sealed = NULL WHERE lane = :lane AND state = 'pending' AND ahead = :ahead;

-- name: inbox_failed
UPDATE inbox SET attempts = attempts + 1, due_at = :due_at, last_error = :error WHERE seq = :seq AND state = 'pending';

-- name: inbox_park
UPDATE inbox SET state = 'parked', attempts = attempts + 1, last_error = :error
WHERE seq = :seq AND state = 'pending';

-- name: inbox_forget
DELETE FROM inbox WHERE seq IN (SELECT seq FROM inbox WHERE state = 'done' AND came_at < :before LIMIT :most);

-- name: inbox_next_due
SELECT MIN(due_at) AS due_at FROM inbox WHERE state = 'pending';

-- name: outbox_add
INSERT INTO outbox (key, lane, sealed, reference, result, address, due_at, made_at)
VALUES (:key, :lane, :sealed, :reference, :result, :address, :now, :now) ON CONFLICT (key) DO NOTHING;

-- name: outbox_heads
-- The oldest message of every lane, if it is due and not leased.
SELECT o.seq, o.key, o.lane, o.sealed, o.reference, o.attempts FROM outbox o
WHERE o.state = 'pending' AND o.due_at <= :now AND o.lease_until <= :steady
  AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.lane = o.lane AND e.state = 'pending' AND e.seq < o.seq)
ORDER BY o.seq LIMIT :most /*pg FOR UPDATE OF o SKIP LOCKED*/;

-- name: outbox_head_of
SELECT seq, key, lane, sealed, reference, attempts FROM outbox
WHERE lane = :lane AND state = 'pending' AND due_at <= :now AND lease_until <= :steady
  AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.lane = outbox.lane AND e.state = 'pending' AND e.seq < outbox.seq)
ORDER BY seq LIMIT 1;

-- name: outbox_claim
-- A try counts when it fails: otherwise five crashes and one bad answer would delay it by minutes.
UPDATE outbox SET lease = :lease, lease_until = :until WHERE seq = :seq;

-- name: outbox_set_right
-- Rows beyond `far` were set by a wrong clock, and are due now.
UPDATE outbox SET lease = NULL, lease_until = 0, due_at = CASE WHEN due_at > :now THEN :now ELSE due_at END
WHERE state = 'pending' AND (lease_until > :lease_far OR (due_at = made_at AND made_at > :far));

-- name: outbox_renew
UPDATE outbox SET lease_until = :until WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: outbox_sent
UPDATE outbox SET state = 'sent', sealed = NULL, lease = NULL, ended_at = :now
WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: outbox_later
-- The lease ends now, which records the clock that set the new time.
UPDATE outbox SET due_at = :due_at, lease = NULL, lease_until = :now, attempts = attempts + 1, last_error = :error
WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: outbox_dead
UPDATE outbox SET state = 'dead', sealed = NULL, lease = NULL, last_error = :error, ended_at = :now
WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: outbox_lane
SELECT key, sealed FROM outbox WHERE lane = :lane AND state = 'pending' ORDER BY seq;

-- name: outbox_drop_lane
-- A chat that blocked the bot costs nothing more: its messages are given up.
UPDATE outbox SET state = 'dead', sealed = NULL, lease = NULL, last_error = 'blocked', ended_at = :now
WHERE lane = :lane AND state = 'pending';

-- name: outbox_of_result
SELECT key, lane, address, state, due_at, ended_at, last_error FROM outbox WHERE result = :result ORDER BY seq;

-- name: outbox_forget
DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE state <> 'pending' AND made_at < :before LIMIT :most);

-- name: outbox_lanes
SELECT DISTINCT lane FROM outbox WHERE state = 'pending';

-- name: outbox_free
UPDATE outbox SET lease = NULL, lease_until = 0 WHERE state = 'pending';

-- name: outbox_next_due
SELECT MIN(CASE WHEN due_at > lease_until THEN due_at ELSE lease_until END) AS due_at FROM outbox WHERE state = 'pending';

-- name: job_add
INSERT INTO jobs (key, kind, chat_id, sealed, reference, due_at, made_at)
VALUES (:key, :kind, :chat_id, :sealed, :reference, :due_at, :now) ON CONFLICT (key) DO NOTHING;

-- name: job_due
SELECT seq, key, kind, chat_id, sealed, reference, attempts FROM jobs
WHERE state = 'pending' AND due_at <= :now AND lease_until <= :steady ORDER BY due_at, seq LIMIT :most
/*pg FOR UPDATE SKIP LOCKED*/;

-- name: job_claim
UPDATE jobs SET lease = :lease, lease_until = :until, attempts = attempts + 1 WHERE seq = :seq;

-- name: job_set_right
-- As with messages; but a job that was ordered for a later hour keeps it.
UPDATE jobs SET lease = NULL, lease_until = 0, due_at = CASE WHEN due_at > :now THEN :now ELSE due_at END
WHERE state = 'pending' AND (lease_until > :lease_far OR (due_at = made_at AND made_at > :far));

-- name: job_renew
UPDATE jobs SET lease_until = :until WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: job_done
UPDATE jobs SET state = 'done', sealed = NULL, lease = NULL WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: job_later
UPDATE jobs SET due_at = :due_at, lease = NULL, lease_until = :now, last_error = :error
WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: job_dead
UPDATE jobs SET state = 'dead', sealed = NULL, lease = NULL, last_error = :error
WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: job_forget
DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs WHERE state <> 'pending' AND made_at < :before LIMIT :most);

-- name: job_free
UPDATE jobs SET lease = NULL, lease_until = 0 WHERE state = 'pending';

-- name: job_next_due
SELECT MIN(CASE WHEN due_at > lease_until THEN due_at ELSE lease_until END) AS due_at FROM jobs WHERE state = 'pending';
