import type { ContainerSpec } from '../model/spec.ts';
import { parseByteSize } from './byte-size.ts';
import type { Parsed } from './report.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate } from './tree.ts';

type Resources = Pick<ContainerSpec, 'memory' | 'memorySwap' | 'shmSize' | 'cpus' | 'cpuShares'>;

/** Less memory the engine refuses, at the time of the deploy. */
const minMemory = 6 * 1024 * 1024;

export function readResources(section: Section<ServiceEntry>): Resources {
  const { value } = section;
  const memory = parseAt(section, ['mem_limit'], value.mem_limit, parseMemory);
  const memorySwap = parseAt(section, ['memswap_limit'], value.memswap_limit, parseSwap);
  checkSwap(section, memory, memorySwap);
  return {
    memory,
    memorySwap,
    shmSize: parseAt(section, ['shm_size'], value.shm_size, parseByteSize),
    cpus: value.cpus ?? null,
    cpuShares: value.cpu_shares ?? null,
  };
}

function parseMemory(text: string): Parsed<number> {
  const parsed = parseByteSize(text);
  if (parsed.fault !== undefined || parsed.value >= minMemory) return parsed;
  return { fault: { code: 'bad-size', message: 'a container needs at least 6m of memory' } };
}

function parseSwap(text: string): Parsed<number> {
  return text === '-1' ? { value: -1 } : parseByteSize(text);
}

// The limit counts memory and swap together, so it is never the smaller one.
function checkSwap(
  section: Section<ServiceEntry>,
  memory: number | null,
  swap: number | null,
): void {
  if (swap === null) return;
  const at = locate(section.node, ['memswap_limit']);
  if (section.value.mem_limit === undefined) {
    const message = '"memswap_limit" needs a "mem_limit" beside it';
    section.report.error(at, { code: 'bad-size', message });
  } else if (memory !== null && swap !== -1 && swap < memory) {
    const message =
      '"memswap_limit" counts memory and swap together; it cannot be less than "mem_limit"';
    section.report.error(at, { code: 'bad-size', message });
  }
}
