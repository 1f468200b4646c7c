-- Which process received it, and does it at once; the others look at it when it has been due for a second.
ALTER TABLE inbox ADD COLUMN received_by TEXT NOT NULL DEFAULT '';
