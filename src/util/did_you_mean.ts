/**
 * The nearest of some known words, for "did you mean" hints in messages.
 *
 * @module
 */

/**
 * Number of edits that turn `a` into `b`: a character inserted, removed or replaced, or two
 * neighbours swapped (optimal string alignment).
 */
function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = row[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      next[j] = Math.min(substitute, row[j] + 1, next[j - 1] + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) {
        next[j] = Math.min(next[j], before[j - 2] + 1);
      }
    }
    before = row;
    row = next;
  }
  return row[b.length];
}

/**
 * Returns `; did you mean WORD?` (with the word in backquotes) for the known word closest to `word`,
 * or an empty text when none is close: at most a third of the letters may differ.
 */
export function didYouMean(word: string, known: Iterable<string>): string {
  let best: string | undefined;
  let distance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    if (Math.abs(word.length - candidate.length) >= distance) continue;
    const d = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (d < distance) {
      best = candidate;
      distance = d;
    }
  }
  return best === undefined ? "" : `; did you mean \`${best}\`?`;
}
