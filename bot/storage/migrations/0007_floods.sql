-- What goes first where many wait: taps, and whatever staff write.
ALTER TABLE inbox ADD COLUMN ahead INTEGER NOT NULL DEFAULT 0;
CREATE INDEX inbox_ahead ON inbox (seq) WHERE state = 'pending' AND ahead = 1;
