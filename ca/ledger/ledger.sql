-- Every statement the ledger knows after its migrations, by name. Serials are hexadecimal text, times are seconds since 1970,
-- and what names a person is sealed (BLOB columns `subject`, `tbs`, `der`).

-- The issuing keys.

-- name: issuers_after
SELECT * FROM issuer WHERE ordinal > :ordinal ORDER BY ordinal

-- name: insert_issuer
INSERT INTO issuer (ordinal, key_id, digest, made_at) VALUES (:ordinal, :key_id, :digest, :made_at)

-- name: name_first_issuer
UPDATE intent SET issuer = :key_id WHERE issuer = ''

-- Everything else.

-- name: get_meta
SELECT value FROM meta WHERE name = :name

-- name: put_meta
INSERT INTO meta (name, value) VALUES (:name, :value)

-- name: set_meta
INSERT INTO meta (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE SET value = excluded.value

-- name: certificates_from
SELECT rowid, serial, der FROM certificate WHERE rowid > :after ORDER BY rowid LIMIT :most

-- name: insert_enrolment
INSERT INTO enrolment (request_id, reference, holder, profile, fingerprint, replaces, renews, created_at, expires_at,
                       subject)
VALUES (:request_id, :reference, :holder, :profile, :fingerprint, :replaces, :renews, :created_at, :expires_at,
        :subject)

-- name: enrolment_by_request
SELECT * FROM enrolment WHERE request_id = :request_id

-- name: enrolment_by_reference
SELECT * FROM enrolment WHERE reference = :reference

-- name: count_wrong_code
UPDATE enrolment SET tries = tries + 1 WHERE reference = :reference

-- name: forget_subject
UPDATE enrolment SET subject = NULL WHERE request_id = :request_id

-- name: forget_lapsed_subjects
UPDATE enrolment SET subject = NULL WHERE subject IS NOT NULL AND expires_at <= :now

-- name: withdraw_enrolment
UPDATE enrolment SET withdrawn_at = :now, subject = NULL WHERE request_id = :request_id

-- name: next_of_day
INSERT INTO day (day, last) VALUES (:day, 1) ON CONFLICT (day) DO UPDATE SET last = last + 1 RETURNING last

-- name: insert_intent
INSERT INTO intent (serial, request_id, holder, profile, issuer, part, fingerprint, spki_hash, replaces,
                    not_before, not_after, tbs)
VALUES (:serial, :request_id, :holder, :profile, :issuer, :part, :fingerprint, :spki_hash, :replaces,
        :not_before, :not_after, :tbs)

-- name: intent_by_request
SELECT * FROM intent WHERE request_id = :request_id

-- name: serial_is_taken
SELECT 1 FROM intent WHERE serial = :serial UNION ALL SELECT 1 FROM delegate WHERE serial = :serial

-- name: unfinished
SELECT request_id FROM intent
WHERE serial IN (SELECT serial FROM intent
                 WHERE NOT EXISTS (SELECT 1 FROM certificate WHERE certificate.serial = intent.serial))

-- name: first_in_the_making
SELECT serial FROM intent
WHERE holder = :holder AND profile = :profile AND replaces IS NULL AND not_after >= :now
  AND NOT EXISTS (SELECT 1 FROM certificate WHERE certificate.serial = intent.serial)

-- name: uses_of_key
SELECT intent.serial, intent.holder, coalesce(certificate.status, 'intent') AS status
FROM intent LEFT JOIN certificate USING (serial) WHERE intent.spki_hash = :spki_hash

-- name: insert_certificate
INSERT INTO certificate (serial, der, replaces) VALUES (:serial, :der, :replaces)

-- name: set_status
UPDATE certificate SET status = :status, status_at = :status_at, reason = :reason WHERE serial = :serial

-- name: record_by_serial
SELECT intent.*, certificate.der, certificate.status, certificate.status_at, certificate.reason,
       successor.serial AS replaced_by
FROM certificate JOIN intent USING (serial) LEFT JOIN certificate AS successor ON successor.replaces = certificate.serial
WHERE certificate.serial = :serial

-- name: record_by_request
SELECT intent.*, certificate.der, certificate.status, certificate.status_at, certificate.reason,
       successor.serial AS replaced_by
FROM intent JOIN certificate USING (serial) LEFT JOIN certificate AS successor ON successor.replaces = certificate.serial
WHERE intent.request_id = :request_id

-- name: records_by_holder
SELECT intent.*, certificate.der, certificate.status, certificate.status_at, certificate.reason,
       successor.serial AS replaced_by
FROM intent JOIN certificate USING (serial) LEFT JOIN certificate AS successor ON successor.replaces = certificate.serial
WHERE intent.holder = :holder ORDER BY certificate.rowid

-- name: held
SELECT serial, status_at FROM certificate WHERE status = 'hold'

-- name: insert_act
INSERT INTO act (request_id, kind, serial, reason) VALUES (:request_id, :kind, :serial, :reason)

-- name: act_by_request
SELECT * FROM act WHERE request_id = :request_id

-- name: crl_by_issuer
SELECT * FROM crl WHERE issuer = :issuer

-- name: crl_times
SELECT this_update, next_update FROM crl WHERE issuer = :issuer

-- The row numbers of certificates have no gaps, as none is ever deleted: to count ten million takes seconds.
-- name: count_certificates
SELECT (SELECT coalesce(max(rowid), 0) FROM certificate) AS every,
       (SELECT count(*) FROM certificate WHERE status = 'hold') AS held,
       (SELECT count(*) FROM certificate WHERE status = 'revoked') AS revoked

-- name: put_crl
INSERT OR REPLACE INTO crl (issuer, number, this_update, next_update, version, der)
VALUES (:issuer, :number, :this_update, :next_update, :version, :der)

-- name: status_version
SELECT coalesce(max(seq), 0) AS version FROM audit WHERE kind IN ('revoked', 'held', 'released')

-- name: status_changed
SELECT 1 FROM audit JOIN intent ON intent.serial = audit.subject
WHERE audit.seq > :since AND audit.kind IN ('revoked', 'held', 'released')
  AND intent.issuer = :issuer AND (:part IS NULL OR intent.part = :part) LIMIT 1

-- name: last_audit
SELECT seq, digest FROM audit ORDER BY seq DESC LIMIT 1

-- name: insert_audit
INSERT INTO audit (seq, at, kind, subject, request_id, detail, digest)
VALUES (:seq, :at, :kind, :subject, :request_id, :detail, :digest)

-- Status for relying parties.

-- name: insert_delegate
INSERT INTO delegate (serial, issuer, purpose, not_after, der) VALUES (:serial, :issuer, :purpose, :not_after, :der)

-- name: status_of
SELECT status, status_at, reason FROM certificate JOIN intent USING (serial)
WHERE serial = :serial AND issuer = :issuer
UNION ALL SELECT 'good', NULL, NULL FROM delegate WHERE serial = :serial AND issuer = :issuer

-- name: reserve_crl_number
INSERT INTO crl_number (issuer, last) VALUES (:issuer, :least)
ON CONFLICT (issuer) DO UPDATE SET last = max(last + 1, :least) RETURNING last

-- CROSS JOIN keeps the order: the few that are not good first, however many there are.
-- name: revoked_by_issuer
SELECT serial, status_at, reason FROM certificate CROSS JOIN intent USING (serial)
WHERE status <> 'good' AND not_after >= :since AND issuer = :issuer AND (:part IS NULL OR part = :part)
ORDER BY status_at, serial

-- The audit: what a line's row hash is made of (JSON; columns that change later have lines of their own), the whole
-- state in the order of the lines that told of it, and the Merkle tree.

-- name: intent_row
SELECT json_array(serial, request_id, holder, profile, issuer, part, hex(fingerprint), hex(spki_hash), replaces,
                  not_before, not_after) AS content
FROM intent WHERE serial = :serial

-- name: enrolment_row
SELECT json_array(request_id, reference, holder, profile, hex(fingerprint), replaces, renews, created_at,
                  expires_at) AS content
FROM enrolment WHERE request_id = :request_id

-- name: crl_row
SELECT json_array(issuer, number, this_update, next_update, version) AS content FROM crl WHERE issuer = :issuer

-- name: delegate_row
SELECT json_array(serial, issuer, purpose, not_after) AS content FROM delegate WHERE serial = :serial

-- name: issuer_row
SELECT json_array(ordinal, key_id, hex(digest), made_at) AS content FROM issuer WHERE ordinal = :ordinal

-- name: whole_audit
SELECT kind, subject, detail, digest,
       CAST(json_array(seq, at, kind, subject, request_id, detail) AS BLOB), seq, at, request_id
FROM audit ORDER BY seq

-- name: audit_lines
SELECT seq, at, kind, subject, request_id, detail FROM audit ORDER BY seq

-- name: audit_line
SELECT seq, at, kind, subject, request_id, detail, digest FROM audit WHERE seq = :seq

-- name: audit_of_certificate
SELECT seq, at, kind, subject, request_id, detail FROM audit
WHERE subject = :serial AND kind IN ('signed', 'revoked', 'held', 'released') ORDER BY seq

-- name: whole_intent
SELECT serial, tbs,
       json_array(serial, request_id, holder, profile, issuer, part, hex(fingerprint), hex(spki_hash), replaces,
                  not_before, not_after)
FROM intent ORDER BY rowid

-- name: whole_certificate
SELECT serial, der, replaces, status, status_at, reason FROM certificate ORDER BY rowid

-- name: certificate_is_there
SELECT 1 FROM certificate WHERE serial = :serial

-- name: intent_is_there
SELECT 1 FROM intent WHERE serial = :serial

-- name: whole_enrolment
SELECT reference, request_id, tries, withdrawn_at, subject,
       json_array(request_id, reference, holder, profile, hex(fingerprint), replaces, renews, created_at,
                  expires_at) AS content,
       expires_at, EXISTS (SELECT 1 FROM intent WHERE intent.request_id = enrolment.request_id) AS done
FROM enrolment

-- name: whole_act
SELECT request_id, kind, serial, reason FROM act

-- name: whole_crl
SELECT issuer, number, der, json_array(issuer, number, this_update, next_update, version) AS content FROM crl

-- name: whole_crl_number
SELECT issuer, last FROM crl_number

-- name: whole_delegate
SELECT serial, der, json_array(serial, issuer, purpose, not_after) AS content FROM delegate

-- name: whole_issuer
SELECT ordinal, digest, json_array(ordinal, key_id, hex(digest), made_at) AS content FROM issuer ORDER BY ordinal

-- name: whole_day
SELECT day, last FROM day

-- name: intents_by_day
SELECT date(not_before + 9 * 3600, 'unixepoch') AS day, count(*) AS last FROM intent GROUP BY 1

-- name: whole_audit_node
SELECT hash FROM audit_node ORDER BY place

-- name: last_audit_node
SELECT place FROM audit_node ORDER BY place DESC LIMIT 1

-- name: audit_node
SELECT hash FROM audit_node WHERE place = :place

-- name: insert_audit_node
INSERT INTO audit_node (place, hash) VALUES (:place, :hash)

-- CMP.

-- name: cmp_transaction
SELECT * FROM cmp_transaction WHERE id = :id

-- name: open_cmp_transaction
INSERT INTO cmp_transaction (id, opener, fingerprint, nonce, at) VALUES (:id, :opener, :fingerprint, :nonce, :at)

-- name: answer_cmp_transaction
UPDATE cmp_transaction SET nonce = :nonce, serial = coalesce(:serial, serial), confirmed = coalesce(confirmed, :confirmed)
WHERE id = :id

-- name: forget_cmp_transactions
DELETE FROM cmp_transaction WHERE at < :before

-- name: count_transaction
UPDATE journal SET number = number + 1 RETURNING number

-- name: last_transaction
SELECT number FROM journal
