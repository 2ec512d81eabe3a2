import type { Forge, PersonsComment, RepositoryName } from '../forge/forge.ts';
import {
  commandHelp,
  parseRequestCommand,
  type RequestCommand,
  SHOWN_HASH,
} from '../forge/request-command.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Inbox } from '../store/inbox.ts';
import type { PullRequests } from './pull-requests.ts';

export interface RequestCommandsOptions {
  readonly repository: RepositoryName;
  readonly forge: Pick<Forge, 'mayWrite'>;
  /** Which comments were taken up: each counts once, however often it is told of. */
  readonly inbox: Pick<Inbox, 'receive' | 'finish'>;
  readonly requests: Pick<PullRequests, 'ask'>;
  readonly deeds: CommandDeeds;
  /** Answers on a pull request; one answer for each `about`. Markdown. */
  readonly reply: (of: {
    readonly number: number;
    readonly about: string;
    readonly text: string;
  }) => Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/** What commands do to grids of this repository. They throw `GridError` for what cannot be done. */
export interface CommandDeeds {
  freeze(grid: string, hours: number | null, actor: string): Promise<void>;
  unfreeze(grid: string, actor: string): Promise<void>;
  /** Gives the grid whose deploy was held with that plan. */
  approve(hash: string, actor: string): Promise<string>;
}

/**
 * Nobody waits any more for what was asked for so long ago, in milliseconds. Less than the inbox remembers: what it has
 * forgotten would be done a second time.
 */
const LONGEST_WAIT = 3 * 24 * 60 * 60 * 1_000;

/**
 * Carries out what people ask for in comments. Whether they may is asked of the forge, each time: who could push a minute
 * ago may have left since. A comment is taken up once, through restarts and repeated deliveries; one whose author cannot be
 * looked up is taken up when it is told of again.
 */
export class RequestCommands {
  readonly #options: RequestCommandsOptions;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: RequestCommandsOptions) {
    this.#options = options;
  }

  /** Whether it was dealt with. One after the other, in the order in which they came. Never rejects. */
  async take(comment: PersonsComment): Promise<boolean> {
    const command = parseRequestCommand(comment.body);
    const age = this.#options.clock.now() - comment.at;
    if (command === null || age > LONGEST_WAIT) return true;
    const taken = this.#follow(this.#last, comment, command);
    this.#last = taken;
    return await taken;
  }

  async #follow(
    before: Promise<unknown>,
    comment: PersonsComment,
    command: RequestCommand,
  ): Promise<boolean> {
    await before;
    try {
      await this.#takeUp(comment, command);
      return true;
    } catch (error) {
      const { number, id } = comment;
      this.#options.log.warn(
        { number, comment: id, error: errorMessage(error) },
        'a command was not taken up; it is when it is told of again',
      );
      return false;
    }
  }

  async #takeUp(comment: PersonsComment, command: RequestCommand): Promise<void> {
    const { inbox, forge, repository, reply } = this.#options;
    const { owner, name } = repository;
    const delivery = { provider: 'comment', deliveryId: `${owner}/${name}#${comment.id}` };
    const told = { ...delivery, event: 'command', repository: `${owner}/${name}`, sha: '' };
    if ((await inbox.receive({ ...told, receivedAt: comment.at })) === 'done') return;
    const isAllowed = await forge.mayWrite(repository, comment.author);
    const { number } = comment;
    if (isAllowed)
      await reply({ number, about: comment.id, text: await this.#answer(comment, command) });
    // One answer for all: strangers must not make this write.
    else await reply({ number, about: 'refused', text: refusal });
    await inbox.finish(delivery);
  }

  /** What was done, or why it was not. */
  async #answer(comment: PersonsComment, command: RequestCommand): Promise<string> {
    try {
      return await this.#carryOut(comment, command);
    } catch (error) {
      if (!(error instanceof GridError) || error.retry === 'later') throw error;
      const hint = error.hint === undefined ? '' : ` ${error.hint}`;
      return `Not done: ${inline(error.message)}.${inline(hint)}`;
    }
  }

  async #carryOut(comment: PersonsComment, command: RequestCommand): Promise<string> {
    const { deeds, requests } = this.#options;
    const actor = `${comment.author} on #${comment.number}`;
    switch (command.kind) {
      case 'help':
        return commandHelp;
      case 'unknown':
        return `That is no command.\n\n${commandHelp}`;
      case 'plan':
        return asked[await requests.ask(comment.number, comment.at)];
      case 'freeze': {
        await deeds.freeze(command.grid, command.hours, actor);
        const end = command.hours === null ? 'until it is unfrozen' : `for ${command.hours} h`;
        return `Grid \`${command.grid}\` is frozen ${end}.`;
      }
      case 'unfreeze':
        await deeds.unfreeze(command.grid, actor);
        return `Grid \`${command.grid}\` is not frozen any more; what waited is deployed now.`;
      case 'approve': {
        const grid = await deeds.approve(command.hash, actor);
        return `Plan \`${command.hash.slice(0, SHOWN_HASH)}\` of grid \`${grid}\` is approved.`;
      }
    }
  }
}

const refusal =
  'Only who may push to this repository can use `/gridops`. Ask somebody who may to write the comment.';

const asked = {
  asked: 'Planning; the plan is in the comment above when it is done.',
  changed:
    'Not planned: its commits have changed since that comment was written. Look at them, and ask again.',
  unknown: 'Not planned: this is no open pull request into the branch that is deployed.',
} as const;

/** Messages have names of the repository's in them: no formatting, no mentions, no ends of lines. */
function inline(text: string): string {
  return text
    .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
    .replace(/[\\`*_{}[\]<>()#!|~@&]/g, (character) => `\\${character}`)
    .replace(/\\@/g, '@\u200b');
}
