-- name: customer_put
INSERT INTO customers (customer_id, person, phone, account, sealed)
VALUES (:customer_id, :person, :phone, :account, :sealed)
ON CONFLICT (customer_id) DO UPDATE SET person = excluded.person, phone = excluded.phone,
  account = excluded.account, sealed = excluded.sealed;

-- name: customer_by_id
SELECT customer_id, sealed FROM customers WHERE customer_id = :customer_id;

-- name: customers_like
-- All customers with at least one match of the three; the comparison itself is done on the records.
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
