import Type from 'typebox';
import { refusedNetworkKeys } from './refused-keys.ts';
import { choice, closed, list, listOrMap, oneOrList, text, textOrMap } from './schema-parts.ts';

const { Optional } = Type;

const Attachment = closed(
  {
    aliases: Optional(
      list(text({ minLength: 1, maxLength: 255 }), {
        examples: [['www']],
        description: 'More names that the service has in the grid.',
      }),
    ),
    priority: Optional(
      Type.Number({ examples: [100], description: 'No effect: there is one network.' }),
    ),
    gw_priority: Optional(
      Type.Number({ examples: [100], description: 'No effect: there is one network.' }),
    ),
  },
  { refused: refusedNetworkKeys },
);

const address = text({ maxLength: 255 });

export const ExtraHosts = Type.Unsafe<
  readonly string[] | Readonly<Record<string, string | readonly string[]>>
>({
  type: ['array', 'object'],
  items: address,
  maxItems: 1_000,
  additionalProperties: oneOrList(address, { maxLength: 255 }),
  maxProperties: 1_000,
  description: 'Lines for /etc/hosts: `name=address`, or a map. `host-gateway` is the node itself.',
  examples: [{ 'db.example.com': '10.0.0.7', node: 'host-gateway' }],
});

/** One entry of `ports`. */
export const Port = textOrMap({
  target: Optional(text({ maxLength: 64, description: 'Port in the container.' })),
  published: Optional(text({ maxLength: 64, description: 'Port, or ports, of the node.' })),
  host_ip: Optional(text({ maxLength: 64, description: 'Address of the node.' })),
  protocol: Optional(text({ maxLength: 64, default: 'tcp', description: 'tcp, udp or sctp.' })),
  mode: Optional(
    choice(['host', 'ingress'], {
      description: 'Either way the port of each node with an instance.',
    }),
  ),
  name: Optional(text({ description: 'For people.' })),
  app_protocol: Optional(text({ description: 'For people.' })),
});

const searchDomain = { maxLength: 255, pattern: '^[A-Za-z0-9._-]+$' };

/** Keys about names and addresses. */
export const networkKeys = {
  hostname: Optional(
    text({
      maxLength: 63,
      pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$',
      examples: ['web'],
      description: 'What the container calls itself; `<service>-<n>` by default.',
    }),
  ),
  domainname: Optional(
    text({
      maxLength: 64,
      pattern: '^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$',
      examples: ['example.com'],
      description: 'Domain of that name; `<stack>.<grid>.kontena.local` by default.',
    }),
  ),
  extra_hosts: Optional(ExtraHosts),
  dns: Optional(
    oneOrList(text({ maxLength: 64 }), {
      description: 'DNS servers for names that are not in the grid.',
      examples: [['10.0.0.2', '1.1.1.1']],
    }),
  ),
  dns_search: Optional(
    oneOrList(text(searchDomain), {
      ...searchDomain,
      description: "Domains that are searched after the stack's and the grid's.",
      examples: [['example.com']],
    }),
  ),
  dns_opt: Optional(
    list(text({ minLength: 1, maxLength: 255, pattern: '^[a-z0-9-]+(?::\\d+)?$' }), {
      description: 'Options of the resolver; they take the place of ours of the same name.',
      examples: [['ndots:2', 'use-vc']],
    }),
  ),
  mac_address: Optional(
    text({
      pattern: '^[0-9a-fA-F]{2}(?::[0-9a-fA-F]{2}){5}$',
      description: 'Hardware address of the container.',
      examples: ['02:42:ac:11:65:43'],
    }),
  ),
  networks: Optional(
    listOrMap(Attachment, {
      description: 'All containers of a grid are in one network; names in it are `aliases`.',
      examples: [{ default: { aliases: ['database'] } }],
    }),
  ),
  expose: Optional(
    list(text({ maxLength: 64 }), {
      description: 'Ports of the container, told and not published.',
      examples: [['3000', '8000-8010/udp']],
    }),
  ),
  external_links: Optional(
    list(text({ maxLength: 255 }), {
      description: 'As `links`: `[stack/]service[:alias]`.',
      examples: [['web:front']],
    }),
  ),
};
