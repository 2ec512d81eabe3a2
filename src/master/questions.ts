import { GridError } from '../model/error.ts';
import type { Answer, Question } from '../model/volume.ts';
import { type AgentMessageOf, CAPABILITY } from '../protocol/agent.ts';
import { type KeyPair, seal } from '../protocol/sign.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Session } from './session.ts';

/** An engine that is asked for the sizes of its volumes takes its time; whoever asks the master has less than half a minute. */
const ANSWER_LIMIT = 20_000;

interface Pending {
  readonly session: Session;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: GridError) => void;
}

/** What people ask nodes, and what these answer, each in its session. Nothing of it is kept: whoever asks waits. */
export class Questions {
  readonly #identity: KeyPair;
  readonly #clock: Clock;
  readonly #pending = new Map<number, Pending>();
  #number = 0;

  constructor(of: { readonly identity: KeyPair; readonly clock: Clock }) {
    this.#identity = of.identity;
    this.#clock = of.clock;
  }

  /** Signed for this session and no other: what was asked once cannot be asked again by somebody on the way. */
  async ask(session: Session, question: Question): Promise<Answer> {
    const { grid, node } = session.node;
    if (!session.takes(CAPABILITY.questions))
      throw new GridError({
        code: 'invalid-request',
        message: `the agent of node ${node} is too old to be asked`,
        hint: 'Update it.',
      });
    this.#number += 1;
    const number = this.#number;
    const said = { grid, node, number, nonce: session.agentNonce, question };
    const waiting = new AbortController();
    try {
      const answered = new Promise<Answer>((resolve, reject) => {
        this.#pending.set(number, { session, resolve, reject });
      });
      session.ask(number, seal(this.#identity, 'question', said));
      return await Promise.race([answered, this.#limit(node, waiting.signal)]);
    } finally {
      waiting.abort(new Error('answered'));
      this.#pending.delete(number);
    }
  }

  answered(session: Session, { number, answer }: AgentMessageOf<'answer'>): void {
    const pending = this.#pending.get(number);
    if (pending?.session === session) pending.resolve(answer);
  }

  closed(session: Session): void {
    for (const { session: asked, reject } of this.#pending.values())
      if (asked === session)
        reject(
          new GridError({ code: 'invalid-request', message: 'the node went away unanswered' }),
        );
  }

  async #limit(node: string, signal: AbortSignal): Promise<never> {
    await this.#clock.sleep(ANSWER_LIMIT, signal);
    throw new GridError({
      code: 'invalid-request',
      message: `node ${node} has not answered within ${ANSWER_LIMIT / 1_000} s`,
    });
  }
}
