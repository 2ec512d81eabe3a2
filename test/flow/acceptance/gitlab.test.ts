import { acceptance } from './acceptance.ts';

acceptance('gitlab');
