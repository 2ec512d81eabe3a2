import { quote } from './quote.ts';
import type { Fault } from './report.ts';

/** What names look like, with the rule in words. */
export interface NameRule {
  readonly pattern: string;
  readonly description: string;
}

/** Names of grids, stacks and services: they become parts of container and DNS names. */
export const nameRule: NameRule = {
  pattern: '^[a-z0-9][a-z0-9_-]{0,63}$',
  description:
    'A name has 1 to 64 lower-case letters, digits, "-" and "_", and begins with a letter or digit.',
};

/** Services may also be called as Kontena's server let them be; DNS does not tell upper from lower case. */
export const serviceNameRule: NameRule = {
  pattern: '^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$',
  description:
    'A service name has 1 to 64 letters, digits, "-" and "_", and begins with a letter or digit.',
};

/** Docker's rule for volumes. */
export const volumeNameRule: NameRule = {
  pattern: '^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,63}$',
  description:
    'A volume name has 1 to 64 letters, digits, "-", "_" and ".", and begins with a letter or digit.',
};

export const nodeNameRule: NameRule = {
  pattern: '^[A-Za-z0-9][A-Za-z0-9_.-]{0,254}$',
  description:
    'A node name has letters, digits, "-", "_" and ".", and begins with a letter or digit.',
};

const name = new RegExp(nameRule.pattern);
const volumeName = new RegExp(volumeNameRule.pattern);
const serviceName = new RegExp(serviceNameRule.pattern);

/** What is wrong with the name of a grid, a stack or a service; `null` when it is right. */
export function nameFault(what: 'grid' | 'stack' | 'service', text: string): Fault | null {
  const [rule, check] = what === 'service' ? [serviceNameRule, serviceName] : [nameRule, name];
  if (check.test(text)) return null;
  return {
    code: 'invalid-name',
    message: `${quote(text)} cannot be the name of a ${what}`,
    hint: rule.description,
  };
}

/** What is wrong with the name of a volume; `null` when it is right. */
export function volumeNameFault(text: string): Fault | null {
  if (volumeName.test(text)) return null;
  const message = `${quote(text)} cannot be the name of a volume`;
  return { code: 'invalid-name', message, hint: volumeNameRule.description };
}

/** Kontena's hint for names that work and surprise; `null` when it is an ordinary one. */
export function nameAdvice(text: string): Fault | null {
  if (name.test(text) || !serviceName.test(text)) return null;
  return {
    code: 'unusual-name',
    message: `${quote(text)} works as a name, but names in DNS are lower-case`,
    hint: nameRule.description,
  };
}

/** How long a DNS name and each part of it may be (RFC 1035). */
const maxDnsName = 255;
const maxDnsLabel = 63;

/** The names of a service's instances must fit into DNS; `instances` is the greatest instance number. */
export function dnsFault(of: {
  readonly grid: string;
  readonly stack: string;
  readonly service: string;
  readonly instances: number;
}): Fault | null {
  const labels = [`${of.service}-${of.instances}`, of.stack, of.grid, 'kontena', 'local'];
  const long = labels.find((label) => label.length > maxDnsLabel);
  const whole = labels.join('.').length;
  if (long === undefined && whole <= maxDnsName) return null;
  return {
    code: 'name-too-long',
    message:
      long === undefined
        ? `the DNS names of this service would have ${whole} characters; at most ${maxDnsName} work`
        : `${quote(long)} would be a part of a DNS name and has more than ${maxDnsLabel} characters`,
  };
}
