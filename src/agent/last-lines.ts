import type { Containers } from './containers.ts';

/** A log that cannot be read (another driver, engine gone) must not keep the failure from being told. */
export async function lastLines(containers: Containers, id: string): Promise<readonly string[]> {
  try {
    return await containers.logs(id);
  } catch {
    return [];
  }
}
