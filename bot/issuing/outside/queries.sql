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
