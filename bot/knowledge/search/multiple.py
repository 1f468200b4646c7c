"""Several questions in one message: finds the other topics, besides the one that is answered.

The whole text ranks both topics near the top. So a piece of the text can add a topic only if the whole text ranks it
high as well: without this condition, half of the topics that pieces suggest are wrong. Pieces are scored by n-grams.
"""

from collections.abc import Callable, Mapping, Sequence

from bot.knowledge.search.result import SearchResult

#: Returns each topic's n-gram score for a piece of text; empty for a piece that is about something else.
PieceScorer = Callable[[str], Mapping[str, float]]

#: The other topic must be among this many best candidates of the whole text.
TOP_CANDIDATES = 3
#: Thresholds for a piece's best topic, and for the second candidate of the whole text. Chosen on messages with several
#: questions and messages with one.
MIN_PIECE_SCORE, MIN_SECOND_SCORE = 0.5, 0.3
#: The threshold for a piece when the whole text has no answer.
MIN_LONE_PIECE_SCORE = 0.7
MAX_PIECES, MAX_TOPICS = 6, 2


def find_other_topics(
    found: SearchResult, pieces: Sequence[str], score_piece: PieceScorer, *, by_embedding: bool
) -> tuple[str, ...]:
    """Return the topics that the text asks for besides the answer (or without one), the likeliest first.

    The second candidate of the whole text counts only if it was found `by_embedding`: n-gram scores are often close.
    """
    scored = [score_piece(piece) for piece in pieces[:MAX_PIECES]] if len(pieces) > 1 else []
    if found.topic is None:
        return _sure_pieces(scored)
    topics = _topics_of_pieces(scored, [each.topic for each in found.ranked[:TOP_CANDIDATES]])
    if found.topic not in topics and len(topics) == 1:
        topics = set()  # the text is one question, and a piece of it resembles another
    if by_embedding:
        topics |= {each.topic for each in found.ranked[1:2] if each.score >= MIN_SECOND_SCORE}
    return tuple(each.topic for each in found.ranked[1:] if each.topic in topics)[:MAX_TOPICS]


def _topics_of_pieces(scored: Sequence[Mapping[str, float]], candidates: Sequence[str]) -> set[str]:
    best = [max(candidates, key=lambda topic: each.get(topic, 0.0)) for each in scored]
    return {topic for each, topic in zip(scored, best, strict=True) if each.get(topic, 0.0) >= MIN_PIECE_SCORE}


def _sure_pieces(scored: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    best = [max(each.items(), key=lambda pair: pair[1], default=("", 0.0)) for each in scored]
    sure = {topic: score for topic, score in best if score >= MIN_LONE_PIECE_SCORE}
    return tuple(sorted(sure, key=sure.__getitem__, reverse=True))[:MAX_TOPICS]
