import type { Change } from './schedule.ts';

/** What the newest commit wants to run. */
export interface Wish {
  /** What the web service answers with. */
  readonly version: number;
  readonly instances: number;
  /** Whether there is a stack that comes and goes. */
  readonly guest: boolean;
  /** A change of it makes the stateful service's container anew. */
  readonly journal: number;
  /** A change of it is another migration, which has to succeed before the web service of that version starts. */
  readonly migration: number;
  /** A file that cannot be understood: the commit fails, and what ran goes on. */
  readonly broken: boolean;
  /** A version whose containers end at once. */
  readonly ill: boolean;
}

/** An instance that must run, once, and what must be in its environment. */
export interface Wanted {
  /** `stack/service-number` */
  readonly instance: string;
  readonly variable: string;
}

export interface Images {
  readonly app: string;
  readonly journal: string;
  readonly lb: string;
}

/** The hosts whose port 80 the web service is reached by. */
export const ENTRANCES = [1, 2];
export const JOURNAL_HOST = 3;
export const JOURNAL_PORT = 9_000;

/** A job, the host that has it, and the volume in which its containers leave a line each. */
export interface ScheduledAs {
  readonly service: string;
  readonly host: number;
  readonly volume: string;
}

export const TICK: ScheduledAs = { service: 'tick', host: 2, volume: 'ticks' };
export const MIGRATION: ScheduledAs = { service: 'migrate', host: 3, volume: 'migrations' };

export const firstWish: Wish = {
  version: 0,
  instances: 2,
  guest: false,
  journal: 0,
  migration: 0,
  broken: false,
  ill: false,
};

/** Each commit mends what the one before it broke, as people do. */
export function changed(wish: Wish, change: Change): Wish {
  const mended: Wish = { ...wish, broken: false, ill: false };
  switch (change) {
    case 'new version':
      return { ...mended, version: wish.version + 1 };
    case 'scaled':
      return { ...mended, instances: wish.instances === 2 ? 3 : 2 };
    case 'guest comes or goes':
      return { ...mended, guest: !wish.guest };
    case 'journal anew':
      return { ...mended, journal: wish.journal + 1 };
    case 'migrated':
      return { ...mended, version: wish.version + 1, migration: wish.migration + 1 };
    case 'broken file':
      return { ...mended, broken: true };
    case 'ill version':
      return { ...mended, version: wish.version + 1, ill: true };
  }
}

/** Files below the grid's folder; `null` removes one that may not be there. */
export function filesOf(wish: Wish, images: Images): Readonly<Record<string, string | null>> {
  return {
    'grid.yml': GRID,
    'stacks/lb/kontena.yml': lb(images),
    'stacks/app/kontena.yml': app(wish, images),
    'stacks/clock/kontena.yml': clock(images),
    'stacks/data/kontena.yml': data(wish, images),
    'stacks/guest/kontena.yml': wish.guest ? guest(images) : null,
  };
}

export function wantedBy(wish: Wish): readonly Wanted[] {
  const web = Array.from({ length: wish.instances }, (_, at) => at + 1);
  return [
    ...ENTRANCES.map((_, at) => ({ instance: `lb/lb-${at + 1}`, variable: '' })),
    ...web.map((number) => ({ instance: `app/web-${number}`, variable: `TEXT=${textOf(wish)}` })),
    { instance: 'data/journal-1', variable: `ROUND=${wish.journal}` },
    ...(wish.guest ? [{ instance: 'guest/guest-1', variable: '' }] : []),
  ];
}

export function textOf({ version }: Wish): string {
  return `version-${version}`;
}

/** What is taken away in one go when commits were missed is more than the usual 30 %. */
const GRID = `prune: {budget: 60%}
nodes:
${ENTRANCES.map((number) => `  h${number}: {labels: [entrance]}`).join('\n')}
`;

const lb = ({ lb: image }: Images): string => `stack: chaos/lb
expose: lb
services:
  lb:
    image: ${image}
    ports: ["80:80"]
    affinity: [label==entrance]
    deploy: {strategy: daemon, wait_for_port: 80}
`;

const app = (wish: Wish, { app: image }: Images): string => `stack: chaos/app
services:
  migrate:
    image: ${image}
    command: sh -c "echo $$ROUND >>/data/runs && sync"
    affinity: [node==h${MIGRATION.host}]
    volumes: [${MIGRATION.volume}:/data]
    environment: {ROUND: "${wish.migration}"}
    # What kills it half way is no fault of the version: it is tried until it is done.
    job: {run: on-deploy, retries: 50, history: 100}
  web:
    image: ${image}
    depends_on: [migrate]
    instances: ${wish.broken ? 'many' : wish.instances}
    links: [lb/lb]
    deploy: {strategy: ha, wait_for_port: 80, min_health: 0.5}
    stop_grace_period: 2s
${wish.ill ? '    command: /bin/false\n' : ''}    environment:
      TEXT: ${textOf(wish)}
      MIGRATION: "${wish.migration}"
      KONTENA_LB_VIRTUAL_PATH: /
      KONTENA_LB_INTERNAL_PORT: 80
volumes:
  ${MIGRATION.volume}: {}
`;

const clock = ({ app: image }: Images): string => `stack: chaos/clock
services:
  ${TICK.service}:
    image: ${image}
    command: sh -c "date >>/data/runs && sync"
    affinity: [node==h${TICK.host}]
    volumes: [${TICK.volume}:/data]
    job: {schedule: "* * * * *", history: 100}
volumes:
  ${TICK.volume}: {}
`;

const data = (wish: Wish, { journal: image }: Images): string => `stack: chaos/data
services:
  journal:
    image: ${image}
    stateful: true
    affinity: [node==h${JOURNAL_HOST}]
    ports: ["${JOURNAL_PORT}:80"]
    volumes: [entries:/data]
    deploy: {wait_for_port: 80}
    stop_grace_period: 2s
    environment: {ROUND: "${wish.journal}"}
volumes:
  entries: {}
`;

const guest = ({ app: image }: Images): string => `stack: chaos/guest
services:
  guest:
    image: ${image}
    deploy: {wait_for_port: 80}
    stop_grace_period: 1s
`;
