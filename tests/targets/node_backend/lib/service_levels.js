// How requests were answered lately, by the hour, in memory: two of the metrics.

class Rate {
  constructor(hours) {
    this.window = hours * 3_600_000;
    this.slots = [];
  }

  count(failed) {
    const hour = Math.floor(Date.now() / 3_600_000) * 3_600_000;
    if (this.slots.at(-1)?.hour !== hour) this.slots.push({ hour, total: 0, failed: 0 });
    this.slots.at(-1).total += 1;
    this.slots.at(-1).failed += failed ? 1 : 0;
  }

  totals() {
    this.slots = this.slots.filter((slot) => slot.hour >= Date.now() - this.window);
    const sum = (name) => this.slots.reduce((total, slot) => total + slot[name], 0);
    return [sum('total'), sum('failed')];
  }
}

export const requests = new Rate(30 * 24);
export const authentications = new Rate(1);

export function authErrorPercent() {
  const [total, failed] = authentications.totals();
  return total ? (100 * failed) / total : 0;
}

/** One request in a hundred may fail in a month, and ten in any case. */
export function errorBudgetPercent() {
  const [total, failed] = requests.totals();
  return Math.max(0, 100 * (1 - failed / Math.max(10, total / 100)));
}
