-- A renewal replaces a certificate as a reissue does, and lasts longer.

ALTER TABLE enrolment ADD COLUMN renews INTEGER NOT NULL DEFAULT 0;
