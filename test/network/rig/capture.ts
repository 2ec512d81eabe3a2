import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { destinationOf, type Frame, framesOf } from './pcap.ts';
import { until } from './until.ts';

export interface CaptureOptions {
  /** A command line that runs `args` where the port is. */
  readonly enter: (args: readonly string[]) => readonly string[];
  readonly port: string;
  /** In tcpdump's language; empty for everything. */
  readonly filter: string;
  /** An address on the port's segment that nobody has: what is sent to it passes all ports. */
  readonly nobody: string;
}

/** A port that was cut passes nothing, not even the last frame. */
const LAST_FRAME_MS = 1_000;

/** What passes one host's cable, in both directions, from the start to `stop`. */
export class Capture {
  readonly #options: CaptureOptions;
  readonly #tcpdump: ChildProcess;
  readonly #chunks: Buffer[] = [];

  private constructor(tcpdump: ChildProcess, options: CaptureOptions) {
    this.#tcpdump = tcpdump;
    this.#options = options;
    tcpdump.stdout?.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
  }

  /** Resolves when it listens. */
  static async start(options: CaptureOptions): Promise<Capture> {
    const { enter, port, filter, nobody } = options;
    const wanted = filter === '' ? '' : `(${filter}) or (icmp and dst host ${nobody})`;
    const flags = ['-i', port, '-w', '-', '-U', '-s', '0', '--immediate-mode', '-Z', 'root'];
    const args = ['--pdeathsig', 'KILL', ...enter(['tcpdump', ...flags, wanted])];
    const tcpdump = spawn('setpriv', args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    const capture = new Capture(tcpdump, options);
    await listening(tcpdump);
    return capture;
  }

  /** The frames so far. */
  get frames(): readonly Frame[] {
    return this.#all.filter((frame) => destinationOf(frame) !== this.#options.nobody);
  }

  /** Whether any frame so far has these bytes in it. */
  has(marker: string | Buffer): boolean {
    return this.frames.some(({ bytes }) => bytes.includes(marker));
  }

  /** Waits for a frame with these bytes in it. */
  async sees(marker: string | Buffer): Promise<void> {
    await until(() => this.has(marker), `a frame with ${marker.toString()}`);
  }

  /** Resolves to all frames: everything that was sent before is among them. */
  async stop(): Promise<readonly Frame[]> {
    if (this.#tcpdump.exitCode === null) {
      await this.#sendLast();
      await this.abort();
    }
    return this.frames;
  }

  async abort(): Promise<void> {
    if (this.#tcpdump.exitCode !== null || this.#tcpdump.signalCode !== null) return;
    this.#tcpdump.kill('SIGTERM');
    await once(this.#tcpdump, 'close');
  }

  get #all(): readonly Frame[] {
    return framesOf(Buffer.concat(this.#chunks));
  }

  /** tcpdump may be behind. A frame that has arrived tells that those before it have, too. */
  async #sendLast(): Promise<void> {
    const { enter, nobody } = this.#options;
    const [program = '', ...args] = enter(['busybox', 'ping', '-c', '1', '-W', '1', nobody]);
    const ping = spawn(program, args, { stdio: 'ignore' });
    const end = Date.now() + LAST_FRAME_MS;
    const isLast = (frame: Frame) => destinationOf(frame) === nobody;
    while (Date.now() < end && !this.#all.some(isLast)) await delay(5);
    ping.kill('SIGKILL');
  }
}

async function listening(tcpdump: ChildProcess): Promise<void> {
  let said = '';
  tcpdump.stderr?.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  await until(() => {
    if (tcpdump.exitCode !== null) throw new Error(`tcpdump: ${said}`);
    return said.includes('listening on');
  }, 'tcpdump to listen');
}
