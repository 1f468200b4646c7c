-- name: keep_put
INSERT INTO keeps (request_id, name, chat_id, sealed, until) VALUES (:request_id, :name, :chat_id, :sealed, :until)
ON CONFLICT (request_id, name) DO UPDATE SET until = CASE WHEN keeps.until > excluded.until THEN keeps.until ELSE excluded.until END;

-- name: keep_load
SELECT sealed, until FROM keeps WHERE request_id = :request_id AND name = :name;

-- name: keep_erase
DELETE FROM keeps WHERE request_id = :request_id AND name = :name;

-- name: keep_lapse
DELETE FROM keeps WHERE until <= :now;
