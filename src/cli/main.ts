#!/usr/bin/env node
import { isatty } from 'node:tty';
import { systemClock } from '../runtime/clock.ts';
import { createLog } from '../runtime/log.ts';
import type { Io } from './io.ts';
import { EXIT } from './io.ts';
import type { Launch } from './launch.ts';
import { thisMachine } from './machine.ts';
import { runCli } from './program.ts';
import { createRunner } from './run-program.ts';
import { createStdin } from './stdin.ts';

const stopping = new AbortController();

const io: Io = {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  stdin: createStdin({
    isTerminal: isatty(0),
    open: () => process.stdin,
    print: (text) => process.stderr.write(text),
    stop: stopping.signal,
    interrupt: () => process.kill(process.pid, 'SIGINT'),
  }),
  isTerminal: { stdout: process.stdout.isTTY, stderr: process.stderr.isTTY },
  ...(process.stdout.isTTY ? { columns: process.stdout.columns } : {}),
  env: process.env,
  cwd: process.cwd(),
  fetch: (input, init) => fetch(input, init),
  clock: systemClock,
  random: Math.random,
  stop: stopping.signal,
};

/** Loaded when asked for: a client command needs neither the store nor Docker. */
const launch: Launch = {
  master: async (options) => await (await import('../master/main.ts')).startMaster(options),
  agent: async ({ logLevel, ...options }) => {
    const { startAgent } = await import('../agent/main.ts');
    const log = createLog({ level: logLevel, name: 'agent' });
    return await startAgent({ ...options, log, clock: systemClock, random: Math.random });
  },
  checkHost: async (of) => await (await import('../agent/main.ts')).checkHost(of),
  leaveGrid: async (of) => await (await import('../agent/main.ts')).leaveGrid(of),
  demo: async () => await (await import('./demo.ts')).demo(io, launch),
};

// The first signal lets the command end by itself, the second one ends it.
let signals = 0;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.on(signal, () => {
    signals += 1;
    if (signals > 1) process.exit(EXIT.interrupted);
    stopping.abort(new Error('stopped'));
  });

// `gridops events | head`: the reader has had enough. The command still ends by itself: the demo has to clean up.
let isReaderGone = false;
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') process.exit(EXIT.failed);
    isReaderGone = true;
    stopping.abort(new Error('nobody reads any more'));
  });

const run = createRunner({ isTerminal: process.stdin.isTTY });
const code = await runCli(process.argv.slice(2), { io, launch, machine: thisMachine, run });
process.exitCode = isReaderGone && code === EXIT.interrupted ? EXIT.done : code;
