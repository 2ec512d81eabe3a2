import { isEqualRecord, type LocalRecord } from './record.ts';

/** What a peer has of a node's records: which run of its agent they are from, and how far it has followed it. */
export interface Position {
  readonly epoch: string;
  readonly version: number;
}

/** What leads from one version to another; `since` is `null` where it is everything. */
export interface Change {
  readonly since: number | null;
  readonly version: number;
  readonly records: readonly LocalRecord[];
  /** Containers. */
  readonly removed: readonly string[];
}

/** Removals that are remembered. Who is further behind gets everything. */
const MOST_REMEMBERED = 1_000;

/** A node's own records with the versions in which they changed. */
export class Publication {
  /** Of this run of the agent: versions start again with each. */
  readonly epoch: string;
  #version = 0;
  #records = new Map<string, { readonly record: LocalRecord; readonly version: number }>();
  #removed: { readonly container: string; readonly version: number }[] = [];
  /** The oldest version that a change can still start from. */
  #reach = 0;

  constructor(epoch: string) {
    this.epoch = epoch;
  }

  /** 0: nothing was published yet. */
  get version(): number {
    return this.#version;
  }

  /** Takes all records of the node; whether anything is new. The first time is news in any case. */
  update(records: readonly LocalRecord[]): boolean {
    const next = this.#version + 1;
    const before = this.#records;
    this.#records = new Map(
      records.map((record) => {
        const old = before.get(record.container);
        const isOld = old !== undefined && isEqualRecord(old.record, record);
        return [record.container, isOld ? old : { record, version: next }];
      }),
    );
    const gone = [...before.keys()].filter((container) => !this.#records.has(container));
    const isNews =
      gone.length > 0 || [...this.#records.values()].some(({ version }) => version === next);
    if (!isNews && this.#version > 0) return false;
    this.#version = next;
    this.#remember(gone);
    return true;
  }

  since(position: Position | null): Change {
    const records = [...this.#records.values()];
    const version = this.#version;
    const from = position?.epoch === this.epoch ? position.version : null;
    if (from === null || from < this.#reach || from > version)
      return { since: null, version, records: records.map(({ record }) => record), removed: [] };
    const isNewer = (of: { readonly version: number }) => of.version > from;
    return {
      since: from,
      version,
      records: records.filter(isNewer).map(({ record }) => record),
      removed: this.#removed
        .filter((gone) => isNewer(gone) && !this.#records.has(gone.container))
        .map(({ container }) => container),
    };
  }

  #remember(gone: readonly string[]): void {
    this.#removed.push(...gone.map((container) => ({ container, version: this.#version })));
    const forgotten = this.#removed.splice(0, Math.max(0, this.#removed.length - MOST_REMEMBERED));
    this.#reach = Math.max(this.#reach, forgotten.at(-1)?.version ?? 0);
  }
}
