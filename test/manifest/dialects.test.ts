import { describe, expect, test } from 'vitest';
import {
  brief,
  codes,
  compileFiles,
  compileStackFile,
  GRID_FILE,
  STACK_FILE,
  theProblem,
  theService,
} from './source-tree.ts';

const folder = 'grids/demo/stacks/shop';

describe('an app file', () => {
  test('has its services at the top, and its folder is its project', () => {
    const compiled = compileStackFile(
      'web:\n  image: %{project}-web:1\n  environment:\n    - HOST=%{project}.%{grid}.local\n    - RATE=5%%\n    - P=${project}.$grid\n',
    );
    const { stack, spec } = theService(compiled);
    expect(stack).toBe('shop');
    expect(spec.image).toBe('shop-web:1');
    expect(spec.env).toMatchObject({ HOST: 'shop.demo.local', RATE: '5%', P: 'shop.demo' });
  });

  test('of the second version has them below "services"', () => {
    const compiled = compileStackFile("version: '2'\nservices:\n  web:\n    image: a\n");
    expect(theService(compiled).spec.image).toBe('a:latest');
  });

  test('takes the values of its variables from grid.yml, and has a problem without one', () => {
    const text = 'web:\n  image: web:${TAG}\n';
    const given = { [GRID_FILE]: 'stacks: {shop: {variables: {TAG: "1.2"}}}' };
    expect(theService(compileStackFile(text, given)).spec.image).toBe('web:1.2');
    const problem = theProblem(compileStackFile(text));
    expect(brief(problem)).toBe('error undefined-variable 2:10');
    expect(problem.hint).toContain('grid.yml');
  });

  test('shows a problem where it is written, whatever stands in for signs before it', () => {
    const compiled = compileStackFile('web:\n  image: "%{project}%%" \n  comand: %{project}\n');
    expect(compiled.problems.map(brief)).toEqual(['error bad-image 2:10', 'error unknown-key 3:3']);
  });

  test('with a lone sign has a problem at the sign', () => {
    expect(brief(theProblem(compileStackFile('web:\n  image: a\n  command: rate 5% x\n')))).toBe(
      'error bad-template 3:18',
    );
  });
});

describe('a Compose file', () => {
  test('is the stack of its folder under its own name', () => {
    const compiled = compileFiles({
      [`${folder}/docker-compose.yml`]: 'version: "3.8"\nservices:\n  web:\n    image: a:1\n',
    });
    expect(theService(compiled).spec.image).toBe('a:1');
  });

  test('takes its variables from .env, and from grid.yml before that', () => {
    const files = {
      [`${folder}/compose.yaml`]: 'services:\n  web:\n    image: a:${TAG}-${KIND:-x}${GRID}\n',
      [`${folder}/.env`]: '# note\nTAG="1"\nKIND=\'y\'\n',
    };
    expect(theService(compileFiles(files)).spec.image).toBe('a:1-ydemo');
    const given = { ...files, [GRID_FILE]: 'stacks: {shop: {variables: {TAG: 2}}}' };
    expect(theService(compileFiles(given)).spec.image).toBe('a:2-ydemo');
  });

  test.each([
    ['export T=a', 'a'],
    ['T=a\nT=b', 'b'],
    ['T=a#b # note', 'a#b'],
    ['T= # note', ''],
    [`T='a # $b' # note`, 'a # $b'],
    ['T="a\\n\\"b\\$c"', 'a\n"b$c'],
    ['  T = a b \r', 'a b'],
    ['A=1\nT=$A-${A}-${B:-2}', '1-1-2'],
    ['A=1\nT="${A}\\n\\${A}"', '1\n${A}'],
    ["A=1\nT='${A}'", '${A}'],
    ['A=1\nT=a$$A', 'a$A'],
    ["A='$X'\nT=$A", '$X'],
  ])('reads %j in .env as Compose does', (env, value) => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: 'services:\n  web:\n    image: a\n    environment: {T: "${T}"}\n',
      [`${folder}/.env`]: `${env}\n`,
    });
    expect(compiled.problems.filter(({ severity }) => severity === 'error')).toEqual([]);
    expect(compiled.stacks[0]?.services[0]?.spec.env['T']).toBe(value);
  });

  test.each([
    ['T', 'error bad-environment 1:1'],
    ['\nT="a', 'error bad-environment 2:1'],
    ["T='a'b", 'error bad-environment 1:1'],
    ['T=$HOME', 'warning no-effect 1:1'],
    ['T="${HOME}"', 'warning no-effect 1:1'],
  ])('is told what is wrong with %j in .env', (env, expected) => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: 'services: {web: {image: a}}\n',
      [`${folder}/.env`]: env,
    });
    expect(brief(theProblem(compiled))).toBe(expected);
  });

  test('puts what grid.yml says into the values of .env', () => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: 'services: {web: {image: "a:${T}"}}\n',
      [`${folder}/.env`]: 'A=1\nT=x$A\n',
      [GRID_FILE]: 'stacks: {shop: {variables: {A: 2}}}',
    });
    expect(theService(compiled).spec.image).toBe('a:x2');
  });

  test('whose .env multiplies has a bound', () => {
    const lines = Array.from({ length: 40 }, (_, i) => `A${i + 1}=$A${i}$A${i}`);
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: 'services: {web: {image: a}}\n',
      [`${folder}/.env`]: ['A0=xxxxxxxxxx', ...lines].join('\n'),
    });
    expect(codes(compiled)).toContain('no-effect');
  });

  test('whose .env cannot be read is an error, not a stack without its values', () => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: 'services: {web: {image: "a:${TAG:-x}"}}\n',
      [`${folder}/.env`]: { refused: 'symlink' },
    });
    expect(theProblem(compiled).code).toBe('file-refused');
  });

  test('takes from grid.yml what is a single value', () => {
    const given = (value: string) =>
      compileFiles({
        [`${folder}/compose.yaml`]: 'services: {web: {image: "a:${TAG:-x}"}}\n',
        [GRID_FILE]: `stacks: {shop: {variables: {TAG: ${value}}}}`,
      });
    expect(theService(given('')).spec.image).toBe('a:x');
    expect(brief(theProblem(given('[1]')))).toBe('error wrong-type 1:34');
  });

  test('comes after a kontena.yml that lies beside it', () => {
    const compiled = compileFiles({
      [STACK_FILE]:
        'stack: shop\nservices:\n  web:\n    extends: {file: docker-compose.yml, service: web}\n    instances: 2\n',
      [`${folder}/docker-compose.yml`]: 'web:\n  image: a:1\n',
    });
    expect(theService(compiled)).toMatchObject({ instances: 2, spec: { image: 'a:1' } });
  });

  test('has services with profiles only where grid.yml switches one on', () => {
    const files = {
      [`${folder}/compose.yaml`]:
        'services:\n  web: {image: a}\n  debug: {image: b, profiles: [debug, all]}\n',
    };
    const names = (more = {}) =>
      compileFiles({ ...files, ...more })
        .stacks.flatMap((s) => s.services)
        .map((s) => s.name);
    expect(names()).toEqual(['web']);
    expect(names({ [GRID_FILE]: 'stacks: {shop: {profiles: [all]}}' })).toEqual(['web', 'debug']);
  });

  test('does without a service that is not required', () => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: `services:
  web: {image: a, depends_on: {db: {required: false}, cache: {condition: service_started}}}
  db: {image: b, profiles: [own]}
  cache: {image: c}
`,
    });
    expect(compiled.problems).toEqual([]);
    expect(compiled.stacks[0]?.services[0]?.dependsOn).toEqual(['shop/cache']);
  });

  test('is told when what a service depends on is not switched on', () => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]:
        'services:\n  web: {image: a, depends_on: [db]}\n  db: {image: b, profiles: [own]}\n',
    });
    expect(theProblem(compiled)).toMatchObject({
      code: 'unknown-dependency',
      message: 'the service "db" of the stack "shop" is not switched on',
      hint: expect.stringContaining('stacks.shop.profiles'),
    });
  });

  test.each([
    ['include: [a.yml]', /extends: /],
    ['models: {a: {model: b}}', /as a service/],
  ])('is told what to write instead of %s', (line, hint) => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: `${line}\nservices: {web: {image: a}}\n`,
    });
    expect(theProblem(compiled)).toMatchObject({
      code: 'not-supported-yet',
      hint: expect.stringMatching(hint),
    });
  });

  test('has no key that it leaves empty', () => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: `services:
  web: {image: a, platform: "\${P:-}", hostname: "", restart: , user: "", mem_limit: ""}
`,
    });
    expect(theService(compiled).spec).toMatchObject({ user: null, memory: null });
  });

  test('cannot leave a key empty that is none', () => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: 'services:\n  web: {image: a, volums: }\n',
    });
    expect(theProblem(compiled).code).toBe('unknown-key');
  });

  test('is told once that all containers are in one network', () => {
    const services =
      'services:\n  a: {image: a, networks: [default]}\n  b: {image: b, networks: [one]}\n  c: {image: c, networks: {two: }}\n';
    const problemOf = (top: string) =>
      brief(theProblem(compileFiles({ [`${folder}/compose.yaml`]: services + top })));
    expect(problemOf('networks: {one: , two: }\n')).toBe('warning no-effect 3:17');
    expect(problemOf('networks: {one: , two: {internal: true}}\n')).toBe('warning no-effect 5:1');
  });

  test.each([
    ['web', /the service is called so/],
    ['shop_web', /aliases: \[shop_web\]/],
  ])('is told how a container %s is found', (name, hint) => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: `services:\n  web: {image: a, container_name: ${name}}\n`,
    });
    expect(theProblem(compiled).hint).toMatch(hint);
  });

  test.each([
    ['COMPOSE_PROFILES=all', 1],
    ['COMPOSE_FILE=a.yml:b.yml', 1],
    ['COMPOSE_FILE=', 0],
    ['COMPOSE_PROJECT_NAME=shop', 0],
  ])('is told that %s in .env tells Compose and nobody else', (line, count) => {
    const { problems } = compileFiles({
      [`${folder}/compose.yaml`]: 'services: {web: {image: a}}\n',
      [`${folder}/.env`]: `A=1\n${line}\n`,
    });
    expect(problems.map(brief)).toEqual(Array(count).fill('warning no-effect 2:1'));
  });

  test('is told that its override is not merged', () => {
    const compiled = compileFiles({
      [`${folder}/docker-compose.yml`]: 'services: {web: {image: a}}\n',
      [`${folder}/docker-compose.override.yml`]: 'services: {web: {image: b}}\n',
    });
    expect(theService({ ...compiled, problems: [] }).spec.image).toBe('a:latest');
    expect(theProblem(compiled)).toMatchObject({
      severity: 'warning',
      code: 'no-effect',
      position: { file: `${folder}/docker-compose.override.yml` },
    });
  });

  test("has no override under Kontena's name", () => {
    const compiled = compileFiles({
      [STACK_FILE]: 'stack: shop\nservices: {web: {image: a}}\n',
      [`${folder}/docker-compose.override.yml`]: '',
    });
    expect(compiled.problems).toEqual([]);
  });

  test('says where a variable gets the value that it must have', () => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: 'services: {web: {image: "a:${TAG:?which}"}}\n',
    });
    expect(theProblem(compiled).hint).toContain('stacks.<stack>.variables');
  });

  test('merges what it extends as Compose does', () => {
    const compiled = compileFiles({
      [`${folder}/compose.yaml`]: `services:
  base:
    image: a
    ports: ["1:1", "2:2"]
    volumes: ["/a:/x", "/b:/y"]
    labels: {a: "1", b: "1"}
    command: [one]
  web:
    extends: base
    ports: ["2:2", "3:3"]
    volumes: ["/c:/x"]
    labels: {b: "2"}
    command: [two]
`,
    });
    const web = theService({ ...compiled, problems: [] });
    expect(web.spec.ports.map((port) => port.nodePort)).toEqual([1, 2, 3]);
    expect(web.spec.mounts).toMatchObject([
      { source: '/c', target: '/x' },
      { source: '/b', target: '/y' },
    ]);
    expect(web.spec.labels).toEqual({ a: '1', b: '2' });
    expect(web.spec.command).toEqual(['two']);
  });
});

describe('a stack file with Liquid', () => {
  const text = `stack: acme/shop
variables:
  copies: {type: integer, default: 2}
  debug: {type: string, required: false}
services:
# {% for i in (1..copies) %}
  web-{{ i }}:
    image: web:{{ i }}
    environment:
      GRID: {{ GRID }}
# {% endfor %}
# {% if debug %}
  debug: {image: debug}
# {% endif %}
`;

  test('is rendered before it is parsed', () => {
    const compiled = compileStackFile(text);
    expect(codes(compiled)).toEqual([]);
    const services = compiled.stacks.flatMap((stack) => stack.services);
    expect(services.map(({ name, spec }) => [name, spec.image, spec.env['GRID']])).toEqual([
      ['web-1', 'web:1', 'demo'],
      ['web-2', 'web:2', 'demo'],
    ]);
  });

  test('shows problems where they are written, once for all rounds of a loop', () => {
    const compiled = compileStackFile(text.replace('environment:', 'environmnt:'));
    expect(compiled.problems.map(brief)).toEqual(['error unknown-key 9:5']);
  });

  test('shows what YAML does not understand where it is written', () => {
    const compiled = compileStackFile(text.replace('image: web:{{ i }}', 'image: [{{ i }}'));
    expect(compiled.problems[0]?.position).toMatchObject({ line: 9 });
  });

  test('may declare variables with hyphens', () => {
    const compiled = compileStackFile(
      'stack: a\nvariables:\n  my-url: {default: x}\nservices:\n  web:\n    image: {{ my-url }}\n',
    );
    expect(theService(compiled).spec.image).toBe('x:latest');
  });

  describe('with an alias of what stands at another key', () => {
    const withAnchor = (anchor: string) =>
      compileStackFile(`stack: a
${anchor}
variables:
  size: {<<: *usual, default: 1g}
services:
  web: {image: "web:{{ GRID }}", mem_limit: $size, environment: *env}
`);

    test('has what is anchored there, in variables as in services', () => {
      const compiled = withAnchor('x-env: &env {A: b}\nx-usual: &usual {type: string}');

      expect(codes(compiled)).toEqual([]);
      expect(theService(compiled).spec).toMatchObject({ memory: 2 ** 30, env: { A: 'b' } });
    });

    test('is told where an anchor can be that variables use', () => {
      const problem = theProblem(withAnchor('x-usual: &usual {type: "{{ GRID }}"}'));

      expect(brief(problem)).toBe('error unknown-alias 4:14');
      expect(problem.hint).toContain('before it is rendered');
    });
  });

  test('puts dollars of values in as they are', () => {
    const compiled = compileStackFile(
      'stack: a\nvariables:\n  p: {value: "$${GRID}"}\nservices:\n  web:\n    image: a\n    command: echo {{ p }} $p\n',
    );
    expect(codes(compiled)).toEqual([]);
  });
});

describe('a stack that brings others along', () => {
  const files = {
    [STACK_FILE]: `stack: acme/shop
depends:
  redis:
    stack: redis/kontena.yml
    variables: {size: 1g}
services:
  web:
    image: web
    links: ["\${redis}/server"]
    environment: {REDIS: "$redis"}
`,
    [`${folder}/redis/kontena.yml`]: `stack: acme/redis
variables: {size: {default: 64m}}
services:
  server:
    image: redis
    mem_limit: $size
    environment: {PARENT: $PARENT_STACK}
`,
  };

  test('has them beside it, under its own name and theirs', () => {
    const compiled = compileFiles(files);
    expect(compiled.problems).toEqual([]);
    expect(compiled.stacks.map(({ name }) => name)).toEqual(['shop', 'shop-redis']);
    expect(theService(compiled).dependsOn).toEqual(['shop-redis/server']);
    expect(theService(compiled).spec.env['REDIS']).toBe('shop-redis');
    const server = theService(compiled, 'server');
    expect(server.spec.memory).toBe(2 ** 30);
    expect(server.spec.env['PARENT']).toBe('shop');
  });

  test('gives way to what grid.yml says of their variables', () => {
    const given = { [GRID_FILE]: 'stacks: {shop-redis: {variables: {size: 2g}}}' };
    expect(theService(compileFiles({ ...files, ...given }), 'server').spec.memory).toBe(2 ** 31);
  });

  test.each([
    ['stack: kontena/redis', 'bad-path', 'file of this repository'],
    ['stack: https://example.com/redis.yml', 'bad-path', 'address'],
    ['stack: none.yml', 'file-missing', 'no file'],
    ['stack: kontena.yml', 'depends-cycle', 'without an end'],
    ['stak: a.yml', 'unknown-key', 'unknown key'],
  ])('has a problem with %s', (entry, code, message) => {
    const text = `stack: a\ndepends: {redis: {${entry}}}\nservices: {web: {image: a}}\n`;
    const { problems } = compileStackFile(text);
    expect(problems.map((p) => p.code)).toContain(code);
    expect(problems.map((p) => p.message).join()).toContain(message);
  });

  test('cannot multiply without a bound', () => {
    const many = (stack: string) =>
      Array.from({ length: 50 }, (_, i) => `  d${i}: {stack: ${stack}}\n`).join('');
    const compiled = compileFiles({
      [STACK_FILE]: `stack: a\ndepends:\n${many('b.yml')}services: {web: {image: a}}\n`,
      [`${folder}/b.yml`]: `stack: b\ndepends:\n${many('c.yml')}services: {web: {image: a}}\n`,
      [`${folder}/c.yml`]: 'services: {web: {image: a}}\n',
    });
    expect(compiled.stacks.length + compiled.failed.length).toBeLessThanOrEqual(501);
    expect(codes(compiled)).toContain('stack-too-large');
    const wide = `stack: a\ndepends:\n${many('b.yml')}  e: {stack: b.yml}\nservices: {web: {image: a}}\n`;
    expect(codes(compileStackFile(wide))).toEqual(['stack-too-large']);
  });

  test('cannot multiply services without a bound either', () => {
    const many = Array.from({ length: 12 }, (_, at) => `  d${at}: {stack: b.yml}\n`).join('');
    const services = Array.from({ length: 500 }, (_, at) => `  s${at}: {image: a}\n`).join('');
    const compiled = compileFiles({
      [STACK_FILE]: `stack: a\ndepends:\n${many}services: {web: {image: a}}\n`,
      [`${folder}/b.yml`]: `services:\n${services}`,
    });

    expect(compiled.stacks).toHaveLength(10);
    expect(compiled.failed).toEqual(['shop']);
    expect(compiled.problems.map(brief)).toEqual([
      'error stack-too-large 13:3',
      'error stack-too-large 14:3',
    ]);
    expect(compiled.problems[0]?.message).toContain('more than 5000 services');
  });

  test('cannot take the name of another stack', () => {
    const other = { 'grids/demo/stacks/shop-redis/kontena.yml': 'services: {a: {image: a}}' };
    const compiled = compileFiles({ ...files, ...other });
    expect(compiled.failed).toContain('shop');
    expect(codes(compiled)).toContain('duplicate-stack');
  });
});

describe('keys that are written twice', () => {
  const text = 'stack: a\nservices:\n  web:\n    image: a\n    image: b\n';

  test('are a problem that names both places', () => {
    const problem = theProblem(compileStackFile(text));
    expect(brief(problem)).toBe('error duplicate-key 5:5');
    expect(problem.message).toContain(':4:5');
    expect(problem.hint).toContain('"compat: kontena" in grid.yml');
  });

  test('are the only problem where the last one is right', () => {
    const emptied = 'stack: a\nservices:\nservices: {web: {image: a}}\n';
    expect(brief(theProblem(compileStackFile(emptied)))).toBe('error duplicate-key 3:1');
  });

  test('count as in Kontena where the grid wants it, with a warning', () => {
    const compiled = compileStackFile(text, { [GRID_FILE]: 'compat: kontena' });
    expect(compiled.problems.map(brief)).toEqual(['warning duplicate-key 5:5']);
    expect(compiled.stacks[0]?.services[0]?.spec.image).toBe('b:latest');
  });
});
