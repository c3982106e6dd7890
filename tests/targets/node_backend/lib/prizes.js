// Who gets what. Fewer strokes are better; equal strokes share a rank (1, 1, 3) and the percents of the places they take.

/** scores: [[personId, strokes]]; returns rankings, best first, and what is left for the house. */
export function standings(scores, split, potCents) {
  const ordered = [...scores].sort(([a, x], [b, y]) => x - y || (a < b ? -1 : 1));
  const rankings = ordered.map(([personId, score]) => {
    const first = ordered.findIndex(([, strokes]) => strokes === score);
    const tied = ordered.filter(([, strokes]) => strokes === score).length;
    let percent = 0;
    for (let place = first + 1; place <= first + tied; place += 1) percent += split[place] ?? 0;
    const share = potCents * percent;
    return { user_id: personId, rank: first + 1, score, payout_cents: (share - (share % (100 * tied))) / (100 * tied) };
  });
  const paid = rankings.reduce((sum, ranking) => sum + ranking.payout_cents, 0);
  return { rankings, pool_cents: potCents, platform_cents: potCents - paid };
}
