-- name: useful_count
INSERT INTO usefulness (topic, useful, times) VALUES (:topic, :useful, 1)
ON CONFLICT (topic, useful) DO UPDATE SET times = usefulness.times + 1;

-- name: useful_times
SELECT times FROM usefulness WHERE topic = :topic AND useful = 1;

-- name: gap_add
INSERT INTO gaps (kind, topic, language, likest, times, last_at)
VALUES (:kind, :topic, :language, :likest, 1, :now)
ON CONFLICT (kind, topic, language, likest) DO UPDATE SET times = gaps.times + 1, last_at = :now;

-- name: gap_word_add
INSERT INTO gap_words (topic, word, chat, said_at) VALUES (:topic, :word, :chat, :now)
ON CONFLICT (topic, word, chat) DO UPDATE SET said_at = :now;

-- name: gap_word_chats
SELECT COUNT(*) AS chats FROM gap_words WHERE topic = :topic AND word = :word;

-- name: gap_word_share
INSERT INTO gap_shared_words (topic, word, chats, last_at) VALUES (:topic, :word, :chats, :now)
ON CONFLICT (topic, word) DO UPDATE SET chats = :chats, last_at = :now;

-- name: gap_topics
SELECT topic FROM gaps GROUP BY topic ORDER BY SUM(times) DESC, topic LIMIT :most;

-- name: gap_kinds
SELECT kind, SUM(times) AS times FROM gaps WHERE topic = :topic GROUP BY kind;

-- name: gap_ways
SELECT likest, SUM(times) AS times FROM gaps WHERE topic = :topic AND likest <> ''
GROUP BY likest ORDER BY times DESC, likest LIMIT :most;

-- name: gap_words
SELECT word, chats FROM gap_shared_words WHERE topic = :topic ORDER BY chats DESC, word LIMIT :most;

-- name: gap_forget
DELETE FROM gaps WHERE last_at < :before;

-- name: gap_word_forget
DELETE FROM gap_words WHERE said_at < :before;

-- name: gap_shared_forget
DELETE FROM gap_shared_words WHERE last_at < :before;
