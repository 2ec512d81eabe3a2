/**
 * How many milliseconds of a processor this process needs for something that it computes. What else the machine does, which
 * a clock would count as well, makes next to no difference.
 */
export async function effort(work: () => unknown): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
