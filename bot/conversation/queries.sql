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
-- Any message counts: a customer who only asks questions has not abandoned their case.
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
-- No message has this number: every button then counts as outdated, and the next screen is a new message.
UPDATE chats SET card = 0, last = CASE WHEN last > 1 THEN last ELSE 1 END;

-- name: chats_abandoned
-- Cases that have been waiting for their customer since then; the phases are those of an open case.
SELECT chat_id FROM chats WHERE changed_at < :before
  AND phase IN ('asking', 'proving', 'enrolled', 'refused') ORDER BY changed_at LIMIT :most;

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
