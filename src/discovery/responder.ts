import type { Log } from '../runtime/log.ts';
import { type Answer, type AnswerContext, answer } from './answer.ts';
import { CODE, type Query, type Reply, readQuery, writeFault, writeReply } from './packet.ts';
import type { HostServers } from './resolv-conf.ts';
import type { Transport, Upstream } from './upstream.ts';

export interface ResponderOptions {
  readonly context: AnswerContext;
  readonly upstream: Pick<Upstream, 'ask'>;
  readonly host: Pick<HostServers, 'get'>;
  /** Addresses that are never asked: our own, and those of peers, who would ask us. */
  readonly isOurs: (address: string) => boolean;
  /** Resolves when what is not in the zone is not in the grid; until then the peers were not all heard. */
  readonly complete: Promise<void>;
  readonly log: Log;
}

export interface Sender {
  readonly address: string;
  readonly transport: Transport;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Queries that wait for others at one moment; each has a socket. */
const MOST_WAITING = 256;

/** From the bytes of a query to the bytes of its answer. */
export class Responder {
  readonly #options: ResponderOptions;
  #isComplete = false;
  #waiting = 0;

  constructor(options: ResponderOptions) {
    this.#options = options;
    void this.#completed();
  }

  /** `null`: nothing is answered at all. */
  async respond(bytes: Buffer, sender: Sender): Promise<Buffer | null> {
    const { context } = this.#options;
    const read = readQuery(bytes);
    if (read.kind === 'noise') return null;
    if (read.kind === 'faulty') return writeFault(read.id, read.code);
    const { query } = read;
    const write = (reply: Reply): Buffer => writeReply(query, reply, sender.transport);
    if (query.edns !== null && query.edns.version > 0) return write({ code: CODE.badVersion });
    const now = answer(query.question, sender.address, context);
    const isDecided = this.#isComplete || (now.kind !== 'unknown' && now.kind !== 'nothing');
    if (isDecided && now.kind !== 'forward') return write(replyOf(now));
    if (this.#waiting >= MOST_WAITING) return write({ code: CODE.serverFailure });
    this.#waiting += 1;
    try {
      return await this.#later(bytes, { query, sender, write });
    } finally {
      this.#waiting -= 1;
    }
  }

  async #completed(): Promise<void> {
    await this.#options.complete;
    this.#isComplete = true;
  }

  async #later(
    bytes: Buffer,
    { query, sender, write }: { query: Query; sender: Sender; write: (reply: Reply) => Buffer },
  ): Promise<Buffer> {
    const { context, complete, upstream, host, isOurs } = this.#options;
    // A name of a peer that has not been heard yet may look like one of the world, too.
    await complete;
    const now = answer(query.question, sender.address, context);
    if (now.kind !== 'forward') return write(replyOf(now));
    const own = now.servers.filter((server) => server !== '127.0.0.11');
    const servers = own.length > 0 ? own : await host.get();
    const allowed = servers.filter((server) => !isOurs(server));
    return (await upstream.ask(bytes, allowed, sender)) ?? write({ code: CODE.serverFailure });
  }
}

function replyOf(answered: Exclude<Answer, { kind: 'forward' }>): Reply {
  switch (answered.kind) {
    case 'addresses':
      return { code: CODE.noError, addresses: answered.addresses };
    case 'names':
      return { code: CODE.noError, names: answered.names };
    case 'nothing':
      return { code: CODE.noError };
    case 'unknown':
      return { code: CODE.unknownName };
    case 'refuse':
      return { code: CODE.refused };
  }
}
