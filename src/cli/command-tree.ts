import type { Command } from 'commander';
import type { Client } from './client.ts';
import { connect } from './connect.ts';
import type { ExitCode, Io } from './io.ts';
import type { Launch } from './launch.ts';
import type { Machine } from './machine.ts';
import { addSettings, flagsOf, type Options } from './program-options.ts';
import type { RunProgram } from './run-program.ts';

export interface Surroundings {
  readonly io: Io;
  readonly launch: Launch;
  readonly machine: Machine;
  readonly run: RunProgram;
}

/** The command tree in the making: each action only turns its arguments into a call of a command's own file. */
export interface Tree {
  readonly program: Command;
  readonly around: Surroundings;
  readonly end: (code: ExitCode) => void;
}

export interface Given {
  readonly args: readonly string[];
  readonly options: Options;
}

export interface Action {
  readonly summary: string;
  readonly act: (given: Given) => Promise<ExitCode>;
}

interface ClientAction {
  readonly summary: string;
  readonly act: (
    io: Io,
    client: Client,
    given: Given & { readonly json: boolean },
  ) => Promise<ExitCode>;
}

/** A command that asks the master: with the options that say which one, and `--json`. */
export function addClient(tree: Tree, usage: string, { summary, act }: ClientAction): Command {
  const { io } = tree.around;
  const command = addCommand(tree, usage, {
    summary,
    act: async (given) => {
      const client = await connect(io, flagsOf(given.options));
      return await act(io, client, { ...given, json: given.options['json'] === true });
    },
  });
  return addSettings(command, 'client').option('--json', 'print JSON');
}

export function addCommand(tree: Tree, usage: string, { summary, act }: Action): Command {
  const command = tree.program.command(usage).description(summary);
  return command.action(async () => {
    tree.end(await act({ args: command.args, options: command.opts<Options>() }));
  });
}
