-- name: chat_load
-- The chat's row; absent before its first update.
SELECT chat_id, language, card, last, keyboard, blocked, sealed_case FROM chats WHERE chat_id = :chat_id;

-- name: chat_place
SELECT language, card, last, blocked FROM chats WHERE chat_id = :chat_id;

-- name: chat_phase
SELECT phase FROM chats WHERE chat_id = :chat_id;

-- name: chat_add
INSERT INTO chats (chat_id, language, sealed_case, phase, changed_at)
VALUES (:chat_id, :language, :sealed_case, :phase, :now);

-- name: chat_save_case
UPDATE chats SET sealed_case = :sealed_case, phase = :phase, changed_at = :now WHERE chat_id = :chat_id;

-- name: chat_speak
UPDATE chats SET language = :language WHERE chat_id = :chat_id;

-- name: chat_card
UPDATE chats SET card = :card, last = CASE WHEN last > :card THEN last ELSE :card END WHERE chat_id = :chat_id;

-- name: chat_last
UPDATE chats SET last = CASE WHEN last > :last THEN last ELSE :last END WHERE chat_id = :chat_id;

-- name: chat_heard
-- Whoever writes is there: a question alone keeps an open case from being taken for abandoned.
UPDATE chats SET last = CASE WHEN last > :last THEN last ELSE :last END, changed_at = :now WHERE chat_id = :chat_id;

-- name: chat_keyboard
UPDATE chats SET keyboard = :open WHERE chat_id = :chat_id;

-- name: chat_block
UPDATE chats SET blocked = :blocked WHERE chat_id = :chat_id;

-- name: chats_all
SELECT chat_id, sealed_case FROM chats;

-- name: chat_put_case
-- Its phase and its time stay as they were.
UPDATE chats SET sealed_case = :sealed_case WHERE chat_id = :chat_id;

-- name: chats_lose_card
-- No message has this number: every button is then on a screen of old, and the next screen is a new message.
UPDATE chats SET card = 0, last = CASE WHEN last > 1 THEN last ELSE 1 END;

-- name: chats_abandoned
-- Cases that have been waiting for their customer since then; the phases are those of an open case.
SELECT chat_id FROM chats WHERE changed_at < :before
  AND phase IN ('asking', 'proving', 'enrolled', 'refused') ORDER BY changed_at LIMIT :most;

-- name: inbox_add
INSERT INTO inbox (update_id, lane, sealed, ahead, received_by, due_at, came_at)
VALUES (:update_id, :lane, :sealed, :ahead, :me, :now, :now) ON CONFLICT (update_id) DO NOTHING;

-- name: inbox_heads_ahead
-- Of the next query's, those that go first however long the others wait.
SELECT i.lane, i.seq, i.update_id, i.sealed, i.attempts, i.ahead FROM inbox i
WHERE i.state = 'pending' AND i.ahead = 1 AND i.due_at <= :now
  AND NOT EXISTS (SELECT 1 FROM inbox e WHERE e.lane = i.lane AND e.state = 'pending' AND e.seq < i.seq)
  AND (i.received_by = :me OR i.due_at <= :left_alone OR EXISTS (
    SELECT 1 FROM inbox m WHERE m.lane = i.lane AND m.state = 'pending' AND m.received_by = :me))
ORDER BY i.seq LIMIT :most;

-- name: inbox_heads
-- The oldest open update of every chat whose time has come, and in which one of ours waits; of another's when it has
-- been left alone. This only keeps replicas from doing the same: what makes it once is `inbox_done`.
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
-- Only the open head of its lane can be done: whoever comes second finds nothing to do.
UPDATE inbox SET state = 'done', sealed = NULL WHERE seq = :seq AND state = 'pending'
  AND NOT EXISTS (SELECT 1 FROM inbox e WHERE e.lane = inbox.lane AND e.state = 'pending' AND e.seq < inbox.seq);

-- name: inbox_surplus
-- What a chat sent beyond its share, all at once and unread.
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
-- The oldest message of every lane, if its time has come and nobody is at it.
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
-- A try counts when it fails: whoever dies at it five times and then meets one bad answer is not five minutes late.
UPDATE outbox SET lease = :lease, lease_until = :until WHERE seq = :seq;

-- name: outbox_set_right
-- What was made beyond `far`, or is leased until then, was so by a clock that was wrong, and is not waited for.
UPDATE outbox SET lease = NULL, lease_until = 0, due_at = CASE WHEN due_at > :now THEN :now ELSE due_at END
WHERE state = 'pending' AND (lease_until > :lease_far OR (due_at = made_at AND made_at > :far));

-- name: outbox_renew
UPDATE outbox SET lease_until = :until WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: outbox_sent
UPDATE outbox SET state = 'sent', sealed = NULL, lease = NULL, ended_at = :now
WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: outbox_later
-- The lease ends now, which tells by which clock the new time was set.
UPDATE outbox SET due_at = :due_at, lease = NULL, lease_until = :now, attempts = attempts + 1, last_error = :error
WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: outbox_dead
UPDATE outbox SET state = 'dead', sealed = NULL, lease = NULL, last_error = :error, ended_at = :now
WHERE seq = :seq AND lease = :lease AND state = 'pending';

-- name: outbox_lane
SELECT key, sealed FROM outbox WHERE lane = :lane AND state = 'pending' ORDER BY seq;

-- name: outbox_drop_lane
-- A chat that blocked the bot stops costing: what waits for it is given up.
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
-- As with messages; but what was ordered for a later hour waits for it, whatever the clock was then.
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

-- name: customer_put
INSERT INTO customers (customer_id, person, phone, account, sealed)
VALUES (:customer_id, :person, :phone, :account, :sealed)
ON CONFLICT (customer_id) DO UPDATE SET person = excluded.person, phone = excluded.phone,
  account = excluded.account, sealed = excluded.sealed;

-- name: customer_by_id
SELECT customer_id, sealed FROM customers WHERE customer_id = :customer_id;

-- name: customers_like
-- Everybody of whom at least one of the three is right; the matching itself is done on the records.
SELECT customer_id, sealed FROM customers WHERE person = :person
UNION SELECT customer_id, sealed FROM customers WHERE phone = :phone
UNION SELECT customer_id, sealed FROM customers WHERE account = :account;

-- name: customer_count
SELECT COUNT(*) AS total FROM customers;

-- name: limit_load
SELECT tries, since, paused_until, pauses FROM limits WHERE key = :key;

-- name: limit_save
INSERT INTO limits (key, tries, since, paused_until, pauses) VALUES (:key, :tries, :since, :paused_until, :pauses)
ON CONFLICT (key) DO UPDATE SET tries = excluded.tries, since = excluded.since,
  paused_until = excluded.paused_until, pauses = excluded.pauses;

-- name: application_add
INSERT INTO applications (request_id, chat_id, receipt, submitted_at)
VALUES (:request_id, :chat_id, :receipt, :now) ON CONFLICT (request_id) DO NOTHING;

-- name: application_decided
UPDATE applications SET outcome = :outcome, decided_at = :now WHERE request_id = :request_id;

-- name: application_issued
UPDATE applications SET outcome = 'issued', serial = :serial, issued_at = :now WHERE request_id = :request_id;

-- name: application_of_receipt
SELECT request_id, chat_id, receipt, outcome, submitted_at, decided_at, issued_at FROM applications WHERE receipt = :receipt ORDER BY submitted_at DESC LIMIT 1;

-- name: application_received
UPDATE applications SET received_at = :now WHERE request_id = :request_id;

-- name: keep_put
INSERT INTO keeps (request_id, name, chat_id, sealed, until) VALUES (:request_id, :name, :chat_id, :sealed, :until)
ON CONFLICT (request_id, name) DO UPDATE SET until = CASE WHEN keeps.until > excluded.until THEN keeps.until ELSE excluded.until END;

-- name: keep_load
SELECT sealed, until FROM keeps WHERE request_id = :request_id AND name = :name;

-- name: keep_erase
DELETE FROM keeps WHERE request_id = :request_id AND name = :name;

-- name: keep_lapse
DELETE FROM keeps WHERE until <= :now;

-- name: relay_add
INSERT INTO relays (message_id, chat_id) VALUES (:message_id, :chat_id)
ON CONFLICT (message_id) DO UPDATE SET chat_id = excluded.chat_id;

-- name: relay_load
SELECT chat_id FROM relays WHERE message_id = :message_id;

-- name: useful_count
INSERT INTO usefulness (topic, useful, times) VALUES (:topic, :useful, 1)
ON CONFLICT (topic, useful) DO UPDATE SET times = usefulness.times + 1;

-- name: useful_times
SELECT times FROM usefulness WHERE topic = :topic AND useful = 1;

-- name: gap_add
INSERT INTO gaps (kind, topic, language, likest, times, last_at)
VALUES (:kind, :topic, :language, :likest, 1, :now)
ON CONFLICT (kind, topic, language, likest) DO UPDATE SET times = gaps.times + 1, last_at = :now;

-- name: gap_word_add
INSERT INTO gap_words (topic, word, chat, said_at) VALUES (:topic, :word, :chat, :now)
ON CONFLICT (topic, word, chat) DO UPDATE SET said_at = :now;

-- name: gap_word_chats
SELECT COUNT(*) AS chats FROM gap_words WHERE topic = :topic AND word = :word;

-- name: gap_word_share
INSERT INTO gap_shared_words (topic, word, chats, last_at) VALUES (:topic, :word, :chats, :now)
ON CONFLICT (topic, word) DO UPDATE SET chats = :chats, last_at = :now;

-- name: gap_topics
SELECT topic FROM gaps GROUP BY topic ORDER BY SUM(times) DESC, topic LIMIT :most;

-- name: gap_kinds
SELECT kind, SUM(times) AS times FROM gaps WHERE topic = :topic GROUP BY kind;

-- name: gap_ways
SELECT likest, SUM(times) AS times FROM gaps WHERE topic = :topic AND likest <> ''
GROUP BY likest ORDER BY times DESC, likest LIMIT :most;

-- name: gap_words
SELECT word, chats FROM gap_shared_words WHERE topic = :topic ORDER BY chats DESC, word LIMIT :most;

-- name: gap_forget
DELETE FROM gaps WHERE last_at < :before;

-- name: gap_word_forget
DELETE FROM gap_words WHERE said_at < :before;

-- name: gap_shared_forget
DELETE FROM gap_shared_words WHERE last_at < :before;

-- name: reminder_load
SELECT chat_id, active, lead, hour, channel, results, serial, issued_on, expires_on, again_on, told_until, turn
FROM reminders WHERE chat_id = :chat_id;

-- name: reminder_save
INSERT INTO reminders (chat_id, active, lead, hour, channel, results, serial, issued_on, expires_on, again_on, told_until, turn)
VALUES (:chat_id, :active, :lead, :hour, :channel, :results, :serial, :issued_on, :expires_on, :again_on, :told_until, :turn)
ON CONFLICT (chat_id) DO UPDATE SET active = :active, lead = :lead, hour = :hour, channel = :channel,
  results = :results, serial = :serial, issued_on = :issued_on, expires_on = :expires_on, again_on = :again_on,
  told_until = :told_until, turn = :turn;

-- name: bounce_add
INSERT INTO bounces (address, bounced_at) VALUES (:address, :now) ON CONFLICT (address) DO NOTHING;

-- name: bounce_load
SELECT bounced_at FROM bounces WHERE address = :address;

-- name: bounce_forget
DELETE FROM bounces WHERE address IN (SELECT address FROM bounces WHERE bounced_at < :before LIMIT :most);

-- name: outside_certificate_put
INSERT INTO outside_certificates (serial, holder, status, not_before, not_after, sealed)
VALUES (:serial, :holder, 'good', :not_before, :not_after, :sealed)
ON CONFLICT (serial) DO NOTHING;

-- name: outside_certificate
SELECT serial, holder, status, not_before, not_after, sealed FROM outside_certificates WHERE serial = :serial;

-- name: outside_certificates_of
SELECT serial, holder, status, not_before, not_after, sealed FROM outside_certificates WHERE holder = :holder;

-- name: outside_certificate_revoke
UPDATE outside_certificates SET status = 'revoked' WHERE serial = :serial;

-- name: outside_order_put
INSERT INTO outside_orders (request_id, reference, holder, replaces, sealed, expires_at)
VALUES (:request_id, :reference, :holder, :replaces, :sealed, :expires_at);

-- name: outside_order
SELECT request_id, reference, holder, replaces, state, sealed, tries, expires_at, turn, step, due_at, obtained, refusal,
  serial
FROM outside_orders WHERE request_id = :request_id;

-- name: outside_order_by_reference
SELECT request_id, reference, holder, replaces, state, sealed, tries, expires_at, turn, step, due_at, obtained, refusal,
  serial
FROM outside_orders WHERE reference = :reference;

-- name: outside_order_wrong
UPDATE outside_orders SET tries = tries + 1 WHERE reference = :reference;

-- name: outside_order_running
SELECT 1 FROM outside_orders WHERE replaces = :replaces AND state = 'running';

-- name: outside_order_begin
UPDATE outside_orders SET state = 'running', sealed = NULL, turn = 1, step = :step
WHERE request_id = :request_id AND state = 'open';

-- name: outside_order_go_on
UPDATE outside_orders SET turn = turn + 1, step = :step, due_at = :due_at, obtained = :obtained
WHERE request_id = :request_id AND turn = :turn AND state = 'running';

-- name: outside_order_done
UPDATE outside_orders SET state = 'done', step = NULL, serial = :serial
WHERE request_id = :request_id AND turn = :turn AND state = 'running';

-- name: outside_order_refuse
UPDATE outside_orders SET state = 'refused', step = NULL, sealed = NULL, refusal = :refusal
WHERE request_id = :request_id AND state IN ('open', 'running');

-- name: outside_orders_obtained
SELECT request_id FROM outside_orders WHERE state = 'running' AND obtained = 1 AND due_at <= :now;

-- name: outside_orders_lapse
UPDATE outside_orders SET state = 'refused', refusal = 'R10', sealed = NULL
WHERE state = 'open' AND expires_at <= :now;

-- name: outside_certificates_count
SELECT status, COUNT(*) AS total FROM outside_certificates GROUP BY status;

-- name: pulse
INSERT INTO pulse (id, beat_at) VALUES (1, :now) ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at;

-- name: figures_inbox
-- Due is the head that waits longest for us: what stands behind a head, or waits for a later hour, is not late.
SELECT COUNT(*) AS waiting, MIN(came_at) AS oldest, (SELECT COUNT(*) FROM inbox WHERE state = 'parked') AS stuck,
  (SELECT MIN(i.due_at) FROM inbox i WHERE i.state = 'pending'
   AND NOT EXISTS (SELECT 1 FROM inbox e WHERE e.lane = i.lane AND e.state = 'pending' AND e.seq < i.seq)) AS due
FROM inbox WHERE state = 'pending';

-- name: figures_outbox
-- What was given up because its chat blocked the bot, or nobody is at its address, is nobody's fault.
SELECT COUNT(*) AS waiting, MIN(made_at) AS oldest,
  (SELECT COUNT(*) FROM outbox WHERE state = 'dead' AND last_error NOT IN ('blocked', 'bounced')) AS stuck,
  (SELECT MIN(CASE WHEN o.due_at > o.lease_until THEN o.due_at ELSE o.lease_until END) FROM outbox o WHERE o.state = 'pending'
   AND NOT EXISTS (SELECT 1 FROM outbox e WHERE e.lane = o.lane AND e.state = 'pending' AND e.seq < o.seq)) AS due
FROM outbox WHERE state = 'pending';

-- name: figures_jobs
-- Waiting are those whose hour has come; the others are time-outs and reminders.
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
