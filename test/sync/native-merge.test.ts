import { mergeContract } from './merge-contract.ts';

mergeContract('native over http', { engine: 'native', transport: 'http' });
mergeContract('native over a path, with sha256', {
  engine: 'native',
  transport: 'path',
  objectFormat: 'sha256',
});
