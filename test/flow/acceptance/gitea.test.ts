import { acceptance } from './acceptance.ts';

acceptance('gitea');
