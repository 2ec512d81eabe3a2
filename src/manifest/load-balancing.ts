import { quote } from './quote.ts';
import type { Fault } from './report.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, locateKey, mapNode, valueAt } from './tree.ts';

/**
 * Kontena's agents wrote into etcd which services a load balancer has, and the image `kontena/lb` reads it there. Nobody does
 * that here: it would run, and answer every request with an error.
 */
export function warnOfLoadBalancing({ value, node, report }: Section<ServiceEntry>): void {
  const { image = '' } = value;
  const written = valueAt(node, 'environment');
  const environment = written?.kind === 'map' ? written : mapNode(node, new Map());
  const role = valueAt(environment, 'KONTENA_SERVICE_ROLE');
  const isBalancer = balancer.test(image) || (role?.kind === 'scalar' && role.text === 'lb');
  if (isBalancer) return report.warn(locate(node, ['image']), unfed(image));
  const name = [...environment.entries.keys()].find((key) => key.startsWith('KONTENA_LB_'));
  if (name !== undefined) report.warn(locateKey(node, ['environment', name]), unread(name));
}

const balancer = /(?:^|\/)kontena\/lb(?:[:@]|$)/;

function unfed(image: string): Fault {
  return {
    code: 'not-supported-yet',
    message: `${quote(image)} passes nothing on: nothing here tells it which services are behind it`,
    hint: 'Run a proxy that has its configuration from the repository ("configs"), with services by name.',
  };
}

function unread(name: string): Fault {
  return {
    code: 'not-supported-yet',
    message: `${quote(name)} is not acted on yet: no load balancer passes anything on to this service`,
    hint: 'Name the service in the configuration of a proxy of your own, or publish its "ports".',
  };
}
