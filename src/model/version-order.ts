/** Whether one version of gridops came before another. What is no version is neither older nor newer. */
export function isOlder(version: string, than: string): boolean {
  const [one, other] = [partsOf(version), partsOf(than)];
  if (one === null || other === null) return false;
  for (const [at, part] of one.numbers.entries()) {
    const difference = part - (other.numbers[at] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  // 1.0.0-rc.1 comes before 1.0.0; in what order those before it came does not matter here.
  return one.isEarly && !other.isEarly;
}

function partsOf(version: string) {
  const found = /^v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})(-[0-9A-Za-z.-]+)?(\+.*)?$/.exec(version);
  if (found === null) return null;
  return { numbers: found.slice(1, 4).map(Number), isEarly: found[4] !== undefined };
}
