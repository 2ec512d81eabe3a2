import { afterEach, expect, it } from 'vitest';
import { startAgent } from '../../src/agent/main.ts';
import { startMaster } from '../../src/master/main.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import type { World } from '../support/world.ts';
import { startFlowWorld } from './flow-world.ts';

let world: World;

afterEach(async () => await world.stop());

it('a second master, or a second agent, does not start on the folder of one that runs', async () => {
  ({ world } = await startFlowWorld({ files: { 'grid.yml': '' } }));
  await world.final(await world.work.head());
  const options = world.masterOptions();

  await expect(startMaster(options, { log: silentLog })).rejects.toThrow(
    `another master runs with ${options.data}`,
  );
  const agent = await world.agentOptions('node-1');
  const around = { log: silentLog, clock: systemClock, random: () => 0.5 };
  await expect(startAgent({ ...agent, ...around })).rejects.toThrow(
    `an agent runs with ${agent.directory}`,
  );

  await world.stopMaster();
  await world.startMaster();
});
