import { describe, expect, it } from 'vitest';
import type { ContainerStep } from '../../src/model/container.ts';
import { careMeanwhile } from '../../src/planner/container-care.ts';
import { NOW } from '../support/builders.ts';
import {
  aContainer,
  another,
  type Case,
  created,
  exited,
  oldOne,
  paused,
  situationOf,
  told,
  wanting,
} from './a-container.ts';

describe('what serves beside steps that take long', () => {
  const pull: ContainerStep = { kind: 'pull-image', image: 'web:2', reason: '' };
  const stopOld: ContainerStep = {
    kind: 'stop-container',
    container: 'old',
    grace: 600,
    reason: '',
  };
  const stopFirst = wanting({ mode: 'stop-first' });
  const crashed = oldOne(exited);

  it.each<[string, ContainerStep, Case, string | string[]]>([
    ['that exited is started again', pull, { containers: [crashed] }, ['start old']],
    ['that was paused goes on', pull, { containers: [oldOne(paused)] }, ['unpause old']],
    ['that runs is let be', pull, { containers: [oldOne()] }, 'settled'],
    ['and is ill is let be', pull, { containers: [oldOne({ failedChecks: 3 })] }, 'settled'],
    [
      'is started as patiently as ever',
      pull,
      { containers: [crashed], history: { restart: { container: 'old', count: 2, at: NOW } } },
      'wait 4 s',
    ],
    [
      'is started while the other one is stopped',
      stopOld,
      { containers: [aContainer(exited), oldOne()] },
      ['start new'],
    ],
    [
      'is not started while it is stopped itself',
      stopOld,
      { containers: [aContainer(), crashed] },
      'settled',
    ],
    [
      'is not started beside another one that must not run with it',
      pull,
      { wanted: stopFirst, containers: [crashed, another({ specHash: 'x', served: false })] },
      'settled',
    ],
    [
      'is not started where it was stopped for its successor',
      pull,
      { wanted: stopFirst, containers: [crashed, another(created)] },
      'settled',
    ],
    [
      'is not started where nothing is wanted',
      stopOld,
      { wanted: null, containers: [crashed] },
      'settled',
    ],
  ])('%s', (_, step, of, expected) => {
    expect(told(careMeanwhile(situationOf(of), [step]))).toEqual(expected);
  });
});
