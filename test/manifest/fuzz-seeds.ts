import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const stackFile = `stack: acme/shop
version: 1.2.0
variables:
  domain: {type: string, default: shop.example.com, min_length: 3}
  copies: {type: integer, min: 1, max: 9, default: 2}
  debug: {type: boolean, default: no}
  size: {type: enum, options: [small, large], default: small}
services:
  # {% for i in (1..copies) %}
  web-{{ i }}:
    image: registry.example.com/web:\${TAG:-1.0}
    environment: &env
      - DOMAIN=$domain
      - PRICE=5$$
    ports: ["8{{ i }}:8080"]
    health_check: {protocol: http, port: 8080, uri: /health, interval: 20}
  # {% endfor %}
  # {% if debug %}
  debug: {image: debug, environment: *env}
  # {% endif %}
  db:
    image: postgres
    stateful: true
    volumes: [data:/var/lib/data]
    affinity: ["node==db-%s"]
    deploy: {strategy: ha, min_health: 0.5, wait_for_port: 5432}
volumes:
  data: {scope: instance}
`;

const appFile = `web:
  image: registry/%{project}:\${TAG}
  extends: {file: docker-compose.yml, service: base}
  instances: 2
  environment:
    - HOST=%{project}-db.%{grid}.kontena.local
    - RATE=5%%
  links: [db:database]
db:
  image: mysql
  stateful: yes
`;

const composeFile = `version: '3.8'
x-common: &common
  restart: always
  logging: {driver: json-file, options: {max-size: 10m}}
services:
  base:
    <<: *common
    image: \${IMAGE:?say which}
    command: ["run", "--rate=\${RATE-5}"]
    healthcheck: {test: [CMD, true], interval: 1m30s}
    ulimits: {nofile: {soft: 1024, hard: 2048}}
  web:
    extends: base
    profiles: [debug]
    depends_on: {base: {condition: service_healthy}}
`;

/** Whole files in each language: what is wrong is then near what is right. With other people's files where they are at hand. */
export function fuzzSeeds(): readonly string[] {
  const corpus = new URL('../../../shared/corpus', import.meta.url).pathname;
  const others = existsSync(corpus)
    ? readdirSync(corpus, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.ya?ml$/.test(entry.name))
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    : [];
  return [stackFile, appFile, composeFile, ...others];
}

export const editKinds = ['cut', 'double', 'splice', 'insert', 'indent'] as const;

/** A mistake: a piece taken out, doubled or indented, one moved in from another file, or something strange put in. */
export interface Edit {
  readonly kind: (typeof editKinds)[number];
  /** Where, as a share of the text. */
  readonly at: number;
  readonly length: number;
  /** Which other file, and which of its pieces. */
  readonly from: number;
  readonly piece: string;
}

export function applyEdit(text: string, edit: Edit, seeds: readonly string[]): string {
  const at = Math.floor(edit.at * text.length);
  const [before, after] = [text.slice(0, at), text.slice(at + edit.length)];
  const piece = text.slice(at, at + edit.length);
  switch (edit.kind) {
    case 'cut':
      return before + after;
    case 'double':
      return before + piece + piece + after;
    case 'splice':
      return before + otherPiece(edit, seeds) + after;
    case 'insert':
      return before + edit.piece + piece + after;
    case 'indent':
      return before + piece.replaceAll('\n', '\n  ') + after;
  }
}

function otherPiece({ from, length }: Edit, seeds: readonly string[]): string {
  const other = seeds[from % seeds.length] ?? '';
  const start = from % Math.max(1, other.length);
  return other.slice(start, start + length);
}
