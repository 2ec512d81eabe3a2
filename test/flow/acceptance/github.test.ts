import { acceptance } from './acceptance.ts';

acceptance('github');
