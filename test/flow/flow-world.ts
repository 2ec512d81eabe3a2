import { systemClock } from '../../src/runtime/clock.ts';
import { type Behaviour, FakeEngine } from '../support/fake-engine.ts';
import { startWorld, type World, type WorldOptions } from '../support/world.ts';

export type FlowOptions = Pick<WorldOptions, 'files'> &
  Partial<WorldOptions> & {
    /** Further images, and how containers of them behave: what is deployed at the start needs them there. */
    readonly images?: Readonly<Record<string, Behaviour>>;
  };

export interface FlowWorld {
  readonly world: World;
  /** One engine for all nodes, as in the demo. */
  readonly engine: FakeEngine;
}

/** Its containers are made up: `demo:1` and `demo:2` run, `broken:1` exits with 1, `deaf:1` never listens. */
export function demoEngine(images: Readonly<Record<string, Behaviour>> = {}): FakeEngine {
  return new FakeEngine({
    clock: systemClock,
    images: {
      'demo:1': { listensAfter: 0 },
      'demo:2': { listensAfter: 0 },
      'broken:1': {
        listensAfter: null,
        exitAfter: 0,
        exitCode: 1,
        log: ['no database', 'giving up'],
      },
      'deaf:1': { listensAfter: null },
      ...images,
    },
  });
}

/** A world with such an engine. */
export async function startFlowWorld({ images = {}, ...options }: FlowOptions): Promise<FlowWorld> {
  const engine = demoEngine(images);
  const world = await startWorld({
    nodes: ['node-1', 'node-2'],
    agentPorts: () => ({
      containers: engine,
      engine,
      probes: engine,
      volumes: engine.volumes,
    }),
    ...options,
  });
  return { world, engine };
}

/** A stack of one service; `more` is further lines of the service, indented by four. */
export function stackOf(
  name: string,
  of: { readonly image?: string; readonly instances?: number; readonly more?: string } = {},
): string {
  return `stack: test/${name}
services:
  ${name}:
    image: ${of.image ?? 'demo:1'}
    instances: ${of.instances ?? 1}
    deploy: {wait_for_port: 8080}
${of.more ?? ''}`;
}

export function stackFile(name: string): string {
  return `stacks/${name}/kontena.yml`;
}
