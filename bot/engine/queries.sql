-- name: relay_add
INSERT INTO relays (message_id, chat_id) VALUES (:message_id, :chat_id)
ON CONFLICT (message_id) DO UPDATE SET chat_id = excluded.chat_id;

-- name: relay_load
SELECT chat_id FROM relays WHERE message_id = :message_id;
