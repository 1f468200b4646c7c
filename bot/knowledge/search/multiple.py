"""Several questions in one message: which topics are asked for beside the one that is answered.

A text as a whole is ranked well even then: both topics stand near the top. So a piece of it speaks for a topic by its
spelling alone, and only for one that the whole has brought up as well; without that, half of what pieces name is wrong.
"""

from collections.abc import Callable, Mapping, Sequence

from bot.knowledge.search.finding import Finding

#: How sure each topic is for a piece of text, by spelling; nothing for a piece that is about another thing.
Judge = Callable[[str], Mapping[str, float]]

#: The whole text brings up both topics among so many.
AMONG = 3
#: From which sureness on a piece speaks for a topic, and from which score on the second of the whole does so itself.
#: Chosen on messages that ask for several things, beside others that ask for one.
OF_A_PIECE, OF_THE_WHOLE = 0.5, 0.3
#: Where the whole is no question of ours, a piece must be one by itself.
ALONE = 0.7
MOST_PIECES, MOST_TOPICS = 6, 2


def asked_beside(found: Finding, pieces: Sequence[str], judge: Judge, *, by_meaning: bool) -> tuple[str, ...]:
    """Return the topics that are asked for beside the answer, or without one, the likeliest first.

    Where it was not found `by_meaning`, the second of the whole says nothing: by spelling it is often close behind.
    """
    judged = [judge(piece) for piece in pieces[:MOST_PIECES]] if len(pieces) > 1 else []
    if found.topic is None:
        return _alone(judged)
    spoken = _spoken(judged, [match.topic for match in found.ranked[:AMONG]])
    if found.topic not in spoken and len(spoken) == 1:
        spoken = set()  # the whole is one question, of which a piece only sounds like another
    if by_meaning:
        spoken |= {match.topic for match in found.ranked[1:2] if match.score >= OF_THE_WHOLE}
    return tuple(match.topic for match in found.ranked[1:] if match.topic in spoken)[:MOST_TOPICS]


def _spoken(judged: Sequence[Mapping[str, float]], among: Sequence[str]) -> set[str]:
    best = [max(among, key=lambda topic: each.get(topic, 0.0)) for each in judged]
    return {topic for each, topic in zip(judged, best, strict=True) if each.get(topic, 0.0) >= OF_A_PIECE}


def _alone(judged: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    best = [max(each.items(), key=lambda pair: pair[1], default=("", 0.0)) for each in judged]
    sure = {topic: score for topic, score in best if score >= ALONE}
    return tuple(sorted(sure, key=sure.__getitem__, reverse=True))[:MOST_TOPICS]
