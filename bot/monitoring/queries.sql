-- name: pulse
INSERT INTO pulse (id, beat_at) VALUES (1, :now) ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at;

-- name: figures_inbox
-- Due counts the first row of a lane only: rows behind it, or for a later hour, are not late.
SELECT COUNT(*) AS waiting, MIN(came_at) AS oldest, (SELECT COUNT(*) FROM inbox WHERE state = 'parked') AS stuck,
  (SELECT MIN(i.due_at) FROM inbox i WHERE i.state = 'pending'
   AND NOT EXISTS (SELECT 1 FROM inbox e WHERE e.lane = i.lane AND e.state = 'pending' AND e.seq < i.seq)) AS due
FROM inbox WHERE state = 'pending';

-- name: figures_outbox
-- Messages to a blocked chat or a bounced address do not count as stuck.
SELECT COUNT(*) AS waiting, MIN(made_at) AS oldest,
  (SELECT COUNT(*) FROM outbox WHERE state = 'dead' AND last_error NOT IN ('blocked', 'bounced')) AS stuck,
  (SELECT MIN(CASE WHEN o.due_at > o.lease_until THEN o.due_at ELSE o.lease_until END) FROM outbox o WHERE o.state = 'pending'
   AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.lane = o.lane AND e.state = 'pending' AND e.seq < o.seq)) AS due
FROM outbox WHERE state = 'pending';

-- name: figures_jobs
-- Waiting are the due ones; the others are time-outs and reminders.
SELECT COUNT(*) AS waiting, MIN(due_at) AS oldest, (SELECT COUNT(*) FROM jobs WHERE state = 'dead') AS stuck,
  MIN(CASE WHEN due_at > lease_until THEN due_at ELSE lease_until END) AS due
FROM jobs WHERE state = 'pending' AND due_at <= :now;

-- name: figures_cases
SELECT phase, COUNT(*) AS total FROM chats WHERE phase NOT IN ('idle', 'closed', 'cancelled') GROUP BY phase;

-- name: figures_applications
SELECT outcome, COUNT(*) AS total FROM applications GROUP BY outcome;

-- name: figures_issuing
-- How long issuing took, by the bounds of a histogram; NULL is beyond the last.
SELECT CASE WHEN took <= 15 THEN 15 WHEN took <= 30 THEN 30 WHEN took <= 60 THEN 60 WHEN took <= 120 THEN 120
  WHEN took <= 300 THEN 300 WHEN took <= 900 THEN 900 WHEN took <= 3600 THEN 3600 WHEN took <= 14400 THEN 14400
  WHEN took <= 86400 THEN 86400 END AS bound, COUNT(*) AS total, SUM(took) AS seconds
FROM (SELECT issued_at - submitted_at AS took FROM applications WHERE outcome = 'issued') AS issued GROUP BY bound;

-- name: figures_gaps
SELECT kind, topic, SUM(times) AS total FROM gaps GROUP BY kind, topic;

-- name: figures_marks
SELECT topic, useful, times FROM usefulness;
