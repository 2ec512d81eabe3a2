import { describe, expect, it } from 'vitest';
import { commandsFor } from '../../src/balancer/commands.ts';
import { fillSlots } from '../../src/balancer/slots.ts';
import { parseStates, parseStructure } from '../../src/balancer/states.ts';
import type { Upstream } from '../../src/balancer/upstream.ts';
import type { BackendSettings } from '../../src/model/balancing.ts';
import { aBackend } from '../support/a-balancing.ts';
import { anUpstream } from './an-upstream.ts';

const columns =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port';
const server = (name: string, address: string, admin: number, port: number) =>
  `4 shop:web 1 ${name} ${address} 0 ${admin} 1 1 1 8 2 0 6 0 0 0 - ${port} - 0 0 - - 0`;
const READY = 0;
const MAINT = 5;
const CONFIGURED_OFF_AND_READY = 4;
const DRAIN = 8;

function tell(
  lines: readonly string[],
  upstreams: readonly Upstream[],
  overrides: Partial<BackendSettings> = {},
): readonly string[] {
  const slots = new Map([['shop/web', fillSlots([], upstreams, 80)]]);
  const states = parseStates(['1', columns, ...lines, ''].join('\n'));
  return commandsFor([aBackend('web', overrides)], slots, states);
}

describe('HAProxy is told', () => {
  it('nothing when its servers are as they should be', () => {
    const lines = [
      server('s1', '127.0.0.1', CONFIGURED_OFF_AND_READY, 8080),
      server('s2', '0.0.0.0', MAINT, 80),
    ];
    expect(tell(lines, [anUpstream('web', 8080)])).toEqual([]);
  });

  it('of a container in a free slot', () => {
    expect(tell([server('s1', '0.0.0.0', MAINT, 80)], [anUpstream('web', 8080)])).toEqual([
      'set server shop:web/s1 addr 127.0.0.1 port 8080',
      'set server shop:web/s1 state ready',
    ]);
  });

  it('to take a server out before it leads elsewhere', () => {
    expect(tell([server('s1', '10.0.0.1', READY, 80)], [anUpstream('web', 8080)])).toEqual([
      'set server shop:web/s1 state maint',
      'shutdown sessions server shop:web/s1',
      'set server shop:web/s1 addr 127.0.0.1 port 8080',
      'set server shop:web/s1 state ready',
    ]);
  });

  it('to give nothing new to a container on its way out', () => {
    const leaving = [anUpstream('web', 8080, { draining: true })];
    const lines = [server('s1', '127.0.0.1', READY, 8080)];
    expect(tell(lines, leaving)).toEqual(['set server shop:web/s1 state drain']);
    // Cookies would still lead there.
    expect(tell(lines, leaving, { cookie: '' })).toEqual(['set server shop:web/s1 state maint']);
  });

  it('of a container that is gone', () => {
    expect(tell([server('s1', '127.0.0.1', DRAIN, 8080)], [])).toEqual([
      'set server shop:web/s1 state maint',
      'shutdown sessions server shop:web/s1',
    ]);
  });
});

it('knows the running configuration by its description', () => {
  expect(parseStructure('Name: HAProxy\ndescription: 0a1b\nStopping: 0\n')).toBe('0a1b');
  expect(parseStructure('Name: HAProxy\ndescription: \n')).toBeNull();
});
