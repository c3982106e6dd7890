"""Points League's prizes: a point for each stroke below 90; a rake of 8 %, half a cent rounded up; whole cents."""

from itertools import groupby

RAKE_PERCENT = 8


def settle(entries, board, terms):
    rake_cents = (terms["pool_cents"] * RAKE_PERCENT + 50) // 100
    prizes_cents = terms["pool_cents"] - rake_cents
    scored = sorted((-points(entry["roster"], board), entry["user"]) for entry in entries)
    placings = []
    for score, group in groupby(scored, key=lambda item: item[0]):
        tied = [user for _, user in group]
        rank = len(placings) + 1
        percent = sum(terms["payout_percent"].get(rank + place, 0) for place in range(len(tied)))
        each = prizes_cents * percent // (100 * len(tied))
        placings.extend([{"user": user, "rank": rank, "score": -score, "prize_cents": each} for user in tied])
    return placings


def points(roster, board):
    return sum(max(0, 90 - strokes) for player in roster for strokes in board[player] if strokes is not None)
