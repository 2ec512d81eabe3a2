import { receiveBitbucket } from './bitbucket.ts';
import { receiveGeneric } from './generic.ts';
import { receiveGitea } from './gitea.ts';
import { receiveGithub } from './github.ts';
import { receiveGitlab } from './gitlab.ts';
import type { Received } from './received.ts';
import type { WebhookRequest } from './request.ts';

export type Provider = 'github' | 'gitlab' | 'gitea' | 'bitbucket' | 'generic';

/**
 * Who judges the requests to each address. All of them only compute: the caller remembers the delivery and wakes whoever
 * looks at the repository. None ever throws, whatever was sent. Signature first, content after.
 */
export const receivers: Readonly<Record<Provider, (request: WebhookRequest) => Received>> = {
  github: receiveGithub,
  gitlab: receiveGitlab,
  gitea: receiveGitea,
  bitbucket: receiveBitbucket,
  generic: receiveGeneric,
};
