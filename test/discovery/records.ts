import type { Asker, LocalRecord } from '../../src/discovery/record.ts';

/** A ready instance; `id` is `stack/service-N`. */
export function aRecord(id: string, own: Partial<LocalRecord> = {}): LocalRecord {
  const [, stack = '', service = '', number = ''] = /^(.+)\/(.+)-(\d+)$/.exec(id) ?? [];
  return {
    container: containerId(id),
    stack,
    service,
    number: Number(number),
    address: '10.81.128.5',
    ready: true,
    healthy: true,
    draining: false,
    names: [],
    port: null,
    ...own,
  };
}

/** The same for the same text. */
export function containerId(text: string): string {
  return Buffer.from(text.padStart(6)).toString('hex').slice(-12);
}

export function anAsker(own: Partial<Asker> = {}): Asker {
  return { address: '10.81.128.9', stack: 'shop', links: [], servers: [], ...own };
}
