import { fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { WebSocket } from 'ws';
import {
  createKeyPair,
  keyPairFromPem,
  seal,
  sessionText,
  sign,
  verify,
} from '../dist/protocol/sign.js';

/**
 * Thousands of agents in one process of their own: they shake hands as real ones do, with keys and signatures, report
 * whatever they are assigned as running, and count what they are sent. No container is run: the work is the master's.
 */
export async function simulateAgents(options) {
  const child = fork(fileURLToPath(import.meta.url), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ask = async (message) => {
    child.send(message);
    const [answer] = await once(child, 'message');
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  };
  await ask({ kind: 'prepare', ...options });
  return {
    pid: child.pid,
    /** Connects all of them; resolves to the seconds until the last one was welcomed. */
    connect: async (url) => (await ask({ kind: 'connect', url })).seconds,
    /** Connects again whenever cut off; resolves when all are back, with the seconds since `since` (epoch milliseconds). */
    allBack: async (since) => (await ask({ kind: 'all-back', since })).seconds,
    /** Messages since the last call, by type, and when the first assignment came (epoch milliseconds). */
    received: async () => await ask({ kind: 'received' }),
    stop: async () => {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

const CONNECTING_AT_A_TIME = 200;

class Crowd {
  #agents = [];
  #url = '';
  #open = 0;
  #changed = () => undefined;
  #counts = {};
  #firstAssignmentAt = null;

  async prepare({ count, grid, keyFile }) {
    const master = keyPairFromPem(await readFile(keyFile, 'utf8'));
    for (let number = 1; number <= count; number += 1) {
      const keys = createKeyPair();
      const node = `node-${number}`;
      const claim = { grid, node, publicKey: keys.publicKey, issuedAt: Date.now() };
      this.#agents.push({
        keys,
        node,
        masterKey: master.publicKey,
        credential: seal(master, 'credential', claim),
        generation: 0,
        sequence: 0,
        instances: [],
      });
    }
    return {};
  }

  async connect({ url }) {
    this.#url = url;
    const began = performance.now();
    const waiting = [...this.#agents];
    const lane = async () => {
      for (let agent = waiting.pop(); agent !== undefined; agent = waiting.pop())
        await this.#session(agent);
    };
    await Promise.all(Array.from({ length: CONNECTING_AT_A_TIME }, lane));
    return { seconds: (performance.now() - began) / 1_000 };
  }

  async allBack({ since }) {
    while (this.#open < this.#agents.length)
      await new Promise((resolve) => {
        this.#changed = resolve;
      });
    return { seconds: (Date.now() - since) / 1_000 };
  }

  received() {
    const counts = this.#counts;
    const firstAssignmentAt = this.#firstAssignmentAt;
    this.#counts = {};
    this.#firstAssignmentAt = null;
    return { counts, firstAssignmentAt };
  }

  /** Resolves when welcomed; connects again by itself when cut off. */
  async #session(agent) {
    return await new Promise((resolve) => {
      const nonce = randomBytes(32).toString('hex');
      const socket = new WebSocket(`${this.#url}/agent`, { perMessageDeflate: false });
      const send = (message) => socket.send(JSON.stringify(message));
      let welcomed = false;
      socket.on('open', () =>
        send({
          type: 'hello',
          protocol: { min: 1, max: 1 },
          agentVersion: '0.1.0',
          capabilities: [],
          nonce,
          publicKey: agent.keys.publicKey,
        }),
      );
      socket.on('message', (data) => {
        const message = JSON.parse(data);
        this.#counts[message.type] = (this.#counts[message.type] ?? 0) + 1;
        if (message.type === 'challenge') send(proof(agent, nonce, message));
        if (message.type === 'welcome') {
          welcomed = true;
          this.#open += 1;
          agent.sequence = 0;
          send(observation(agent));
          this.#changed();
          resolve();
        }
        if (message.type === 'assignment') {
          this.#firstAssignmentAt ??= Date.now();
          obey(agent, JSON.parse(message.signed.payload));
          send(observation(agent));
        }
      });
      socket.on('error', () => undefined);
      socket.on('close', () => {
        if (welcomed) this.#open -= 1;
        setTimeout(() => void this.#session(agent).then(resolve), 50);
      });
    });
  }
}

function proof(agent, nonce, challenge) {
  const text = sessionText({ agent: nonce, master: challenge.nonce });
  if (!verify(agent.masterKey, 'session-master', text, challenge.signature))
    throw new Error('not the master');
  return {
    type: 'proof',
    signature: sign(agent.keys, 'session-node', text),
    identity: { kind: 'credential', credential: agent.credential },
    facts: {
      labels: [],
      cpus: 4,
      memory: 8 * 2 ** 30,
      engineVersion: '27.0.0',
      agentVersion: '0.1.0',
      operatingSystem: 'simulated',
      architecture: 'x86_64',
      volumeDrivers: ['local'],
      publishAddress: '0.0.0.0',
    },
    generation: agent.generation,
    clock: Date.now(),
  };
}

/** Everything that is assigned runs at once: what is measured is the master, not an engine. */
function obey(agent, assignment) {
  agent.generation = assignment.generation;
  agent.instances = assignment.instances.map(({ stack, service, number, specHash, revision }) => ({
    stack,
    service,
    number,
    current: {
      id: `${stack}.${service}-${number}`,
      specHash,
      revision,
      running: true,
      ready: true,
      health: 'unknown',
      startedAt: Date.now(),
    },
    attempt: null,
  }));
}

function observation(agent) {
  agent.sequence += 1;
  const { sequence, generation, instances } = agent;
  return { type: 'observation', sequence, complete: true, generation, instances, gone: [] };
}

function main() {
  const crowd = new Crowd();
  const handlers = {
    prepare: (message) => crowd.prepare(message),
    connect: (message) => crowd.connect(message),
    'all-back': (message) => crowd.allBack(message),
    received: () => crowd.received(),
  };
  process.on('message', (message) => {
    Promise.resolve(handlers[message.kind](message)).then(
      (answer) => process.send(answer),
      (error) => process.send({ error: error.stack }),
    );
  });
  process.on('SIGTERM', () => process.exit(0));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
