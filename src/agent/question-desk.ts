import type { Assignment } from '../model/assignment.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { Answer, Question, VolumeFacts } from '../model/volume.ts';
import type { MasterMessageOf } from '../protocol/agent.ts';
import { decodeAskedQuestion } from '../protocol/codec.ts';
import { open } from '../protocol/sign.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { ListedContainer } from './containers.ts';
import type { Membership } from './identity.ts';
import type { VolumeUse } from './volume-use.ts';
import { removeVolume, type Volumes } from './volumes.ts';

export interface QuestionDeskOptions {
  readonly volumes: Volumes;
  readonly use: VolumeUse;
  readonly clock: Clock;
  readonly log: Log;
}

/** What this node answers when a person asks it something by way of the master. */
export class QuestionDesk {
  readonly #options: QuestionDeskOptions;
  /** One after the other: an engine that adds up its volumes has enough to do. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: QuestionDeskOptions) {
    this.#options = options;
  }

  /** Everything that is there; tells which volumes are used. */
  listed(all: readonly ListedContainer[]): void {
    const { use, clock } = this.#options;
    void use.see(
      all.flatMap(({ volumes = [] }) => volumes),
      clock.now(),
    );
  }

  /** Throws `GridError` for what this node's master did not ask, or not in this session. */
  async answer(
    { number, signed }: MasterMessageOf<'question'>,
    of: {
      readonly nonce: string;
      readonly membership: Membership;
      readonly assignment: () => Assignment | null;
    },
  ): Promise<Answer> {
    const { nonce, membership, assignment } = of;
    const payload = open(membership.masterKey, 'question', signed);
    const asked = payload === null ? null : decodeAskedQuestion(payload);
    const { grid, node } = membership;
    const isMine = asked?.grid === grid && asked.node === node;
    if (asked === null || !isMine || asked.nonce !== nonce || asked.number !== number)
      throw new GridError({
        code: 'not-authenticated',
        message: 'the question is not this node’s master’s, or not for this session',
      });
    const answered = this.#last.then(() =>
      this.#find(asked.question, { ...membership, assignment }),
    );
    this.#last = answered;
    return await answered;
  }

  async #find(
    question: Question,
    of: Membership & { readonly assignment: () => Assignment | null },
  ): Promise<Answer> {
    const { volumes, use, log } = this.#options;
    const { grid, node } = of;
    try {
      if (question.kind === 'remove-volume') {
        const assignment = of.assignment();
        await removeVolume(volumes, { grid, node, name: question.volume, assignment });
        log.warn({ volume: question.volume }, 'volume removed, as a person has asked');
        return { kind: 'removed' };
      }
      const found = await volumes.list(grid, node);
      return { kind: 'volumes', volumes: found.map((one) => bounded(one, use.since(one.name))) };
    } catch (error) {
      return { kind: 'refused', message: errorMessage(error).slice(0, 4_000) };
    }
  }
}

/** The protocol's bounds. */
function bounded(one: Omit<VolumeFacts, 'unusedSince'>, since: number | null): VolumeFacts {
  const usedBy = one.usedBy.slice(0, 1_000);
  return { ...one, usedBy, unusedSince: usedBy.length === 0 ? since : null };
}
