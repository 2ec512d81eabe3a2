import type { DeploymentContent, Message } from './outbox.ts';

/** Deploys are in the order of their ids; only the last that was successful is what runs. */
export function isOutlived(message: Message, all: readonly Message[]): boolean {
  if (stateOf(message) !== 'success') return false;
  return all.some((each) => each.subject > message.subject && stateOf(each) === 'success');
}

export function inactive(message: Message): Message {
  const content = { ...(message.content as DeploymentContent), state: 'inactive' };
  return { ...message, content };
}

export function stateOf({ content }: Message): DeploymentContent['state'] {
  return (content as DeploymentContent).state;
}
