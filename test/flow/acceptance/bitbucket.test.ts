import { acceptance } from './acceptance.ts';

acceptance('bitbucket');
