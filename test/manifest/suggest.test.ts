import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StackFile, VolumeEntry } from '../../src/manifest/schema.ts';
import { ServiceEntry } from '../../src/manifest/service-schema.ts';
import { didYouMean, suggest } from '../../src/manifest/suggest.ts';
import { VariableEntry } from '../../src/manifest/variable-schema.ts';
import { codes, compileStackFile, theProblem } from './source-tree.ts';

const serviceKeys = Object.keys(ServiceEntry.properties);
const deployKeys = Object.keys(ServiceEntry.properties.deploy.properties);
const checkKeys = Object.keys(ServiceEntry.properties.health_check.properties);

describe('the key of a service that was meant by', () => {
  test.each([
    // letters
    ['imge', 'image'],
    ['iamge', 'image'],
    ['mage', 'image'],
    ['imagee', 'image'],
    ['imbge', 'image'],
    ['lniks', 'links'],
    ['enviroment', 'environment'],
    ['enviornment', 'environment'],
    ['comand', 'command'],
    ['priviliged', 'privileged'],
    // spelling
    ['Image', 'image'],
    ['IMAGE', 'image'],
    ['mem-limit', 'mem_limit'],
    ['memLimit', 'mem_limit'],
    ['MemLimit', 'mem_limit'],
    ['envFile', 'env_file'],
    ['envfile', 'env_file'],
    ['healthCheck', /^health_?check$/],
    ['health-check', 'health_check'],
    ['network mode', 'network_mode'],
    ['stopGracePeriod', 'stop_grace_period'],
    ['readOnly', 'read_only'],
    // one or many
    ['instance', 'instances'],
    ['volume', 'volumes'],
    ['port', 'ports'],
    ['label', 'labels'],
    ['link', 'links'],
    ['images', 'image'],
    ['commands', 'command'],
    // short and padded
    ['env', 'environment'],
    ['environ', 'environment'],
    ['image_name', 'image'],
    ['imageName', 'image'],
    ['port_list', 'ports'],
    ['label-map', 'labels'],
    ['priv', 'privileged'],
    // the words of others
    ['replicas', 'instances'],
    ['mem', 'mem_limit'],
    ['memory', 'mem_limit'],
    ['cmd', 'command'],
    ['args', 'command'],
    ['publish', 'ports'],
    ['volumeMounts', 'volumes'],
    ['livenessProbe', /^health_?check$/],
    ['terminationGracePeriodSeconds', 'stop_grace_period'],
    ['nodeSelector', 'affinity'],
    ['dependencies', 'depends_on'],
  ])('%s', (word, expected) => {
    expect(suggest(word, serviceKeys)).toMatch(expected);
  });

  test.each([
    'zebra',
    'x',
    'ab',
    '',
    '_',
    'kubernetes',
    'traefik',
    'something_else_entirely',
    '名前',
    'name',
    'namespace',
    'x'.repeat(1_000),
    '__proto__',
    'constructor',
  ])('%j is not known', (word) => {
    expect(suggest(word, serviceKeys)).toBeNull();
    expect(didYouMean(word, serviceKeys)).toEqual({});
  });
});

describe('the key of another map that was meant by', () => {
  test.each([
    ['minHealth', deployKeys, 'min_health'],
    ['stratgy', deployKeys, 'strategy'],
    ['waitForPort', deployKeys, 'wait_for_port'],
    ['url', checkKeys, 'uri'],
    ['path', checkKeys, 'uri'],
    ['periodSeconds', checkKeys, 'interval'],
    ['start_period', checkKeys, 'initial_delay'],
    ['proto', checkKeys, 'protocol'],
    ['service', Object.keys(StackFile.properties), 'services'],
    ['desc', Object.keys(StackFile.properties), 'description'],
    ['vars', Object.keys(StackFile.properties), 'variables'],
    ['defualt', Object.keys(VariableEntry.properties), 'default'],
    ['minLength', Object.keys(VariableEntry.properties), 'min_length'],
    ['driverOpts', Object.keys(VolumeEntry.properties), 'driver_opts'],
    ['driver_options', Object.keys(VolumeEntry.properties), 'driver_opts'],
  ])('%s', (word, keys, expected) => expect(suggest(word, keys)).toBe(expected));
});

describe('a suggestion', () => {
  test('is of the nearest, of equally near ones of the first', () => {
    expect(suggest('webb', ['wexx', 'web', 'webc'])).toBe('web');
    expect(suggest('wed', ['web', 'wet'])).toBe('web');
    expect(suggest('healthCheck', ['health_check', 'healthcheck'])).toBe('healthcheck');
  });

  test('is one of the candidates, and finds each of them with one letter wrong', () => {
    const anyKey = fc.constantFrom(...serviceKeys.filter((key) => key.length > 4));
    fc.assert(
      fc.property(anyKey, fc.nat(), fc.constantFrom('q', ''), (key, at, letter) => {
        const place = 1 + (at % (key.length - 1));
        const wrong = key.slice(0, place) + letter + key.slice(place + 1);
        fc.pre(!serviceKeys.includes(wrong));
        expect(serviceKeys).toContain(suggest(wrong, serviceKeys));
      }),
    );
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string()), (word, candidates) => {
        const found = suggest(word, candidates);
        expect(found === null || candidates.includes(found)).toBe(true);
      }),
    );
  });

  test('takes no time that a hostile file could make long', () => {
    const candidates = Array.from({ length: 5_000 }, (_, i) => `${'ab'.repeat(30)}${i}`);
    const before = performance.now();
    for (let i = 0; i < 20; i++) suggest(`${'ba'.repeat(30)}${i}`, candidates);
    expect(performance.now() - before).toBeLessThan(10_000);
  });
});

describe('an unknown key', () => {
  test.each([
    ['min_health: 1', 'It belongs inside "deploy".'],
    ['interval: 1d', 'It belongs inside "deploy", "health_check" or "healthcheck".'],
    ['minHealth: 1', 'Did you mean "min_health" inside "deploy"?'],
    ['zebra: 1', 'All keys are in docs/stack-file.md.'],
  ])('{%s} is told where it belongs, or where all keys are', (line, hint) => {
    const problem = theProblem(compileStackFile(`services: {web: {image: a, ${line}}}`));
    expect(problem).toMatchObject({ code: 'unknown-key', hint });
  });

  test('that was meant to be the image is the only problem', () => {
    expect(codes(compileStackFile('services: {web: {imagee: a}}'))).toEqual(['unknown-key']);
    expect(codes(compileStackFile('services: {web: {x-image: a}}'))).toEqual(['missing-key']);
  });
});
