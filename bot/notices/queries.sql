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
