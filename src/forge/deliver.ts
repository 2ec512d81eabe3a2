import { shortDigest } from '../model/digest.ts';
import { GridError } from '../model/error.ts';
import type { Forge, RepositoryName } from './forge.ts';
import type {
  CheckContent,
  CommentContent,
  DeploymentContent,
  MessageKey,
  QueuedMessage,
  StatusContent,
} from './outbox.ts';

export type Speaker = Pick<
  Forge,
  | 'createCommitStatus'
  | 'findComment'
  | 'createComment'
  | 'updateComment'
  | 'deployments'
  | 'checks'
>;

/**
 * Says one message to the forge and gives what the forge calls what it made of it; `null`: it has no name. Safe to be
 * repeated after any fault: what may have been made already is looked for before it is made.
 */
export async function deliver(forge: Speaker, message: QueuedMessage): Promise<string | null> {
  switch (message.kind) {
    case 'status':
      return await sayStatus(forge, message);
    case 'comment':
      return await sayComment(forge, message);
    case 'deployment':
      return await sayDeployment(forge, message);
    case 'check':
      return await sayCheck(forge, message);
  }
}

/** Saying a status twice does no harm: the newest counts. */
async function sayStatus(forge: Speaker, message: QueuedMessage): Promise<null> {
  const content = message.content as StatusContent;
  const status = { ...content, context: message.topic };
  await forge.createCommitStatus(repositoryName(message), message.subject, status);
  return null;
}

async function sayComment(forge: Speaker, message: QueuedMessage): Promise<string> {
  const { remote } = message;
  if (remote !== null && (await taken(forge, message, remote))) return remote;
  const repository = repositoryName(message);
  const number = Number(message.subject);
  const found = await forge.findComment(repository, number, message.topic);
  if (found !== null && (await updated(forge, message, found.id))) return found.id;
  return (await forge.createComment(repository, number, bodyOf(message))).id;
}

/** Also false when the forge refuses: credentials that were renewed may be somebody else's, who has a comment of their own. */
async function taken(forge: Speaker, message: QueuedMessage, remote: string): Promise<boolean> {
  try {
    return await updated(forge, message, remote);
  } catch (error) {
    if (error instanceof GridError && error.code === 'forge-refused') return false;
    throw error;
  }
}

/** False when somebody has removed it: it is made anew, at the end of the conversation. */
async function updated(forge: Speaker, message: QueuedMessage, id: string): Promise<boolean> {
  try {
    const of = { id, body: bodyOf(message) };
    await forge.updateComment(repositoryName(message), Number(message.subject), of);
    return true;
  } catch (error) {
    if (error instanceof GridError && error.code === 'not-found') return false;
    throw error;
  }
}

async function sayDeployment(forge: Speaker, message: QueuedMessage): Promise<string | null> {
  const { deployments } = forge;
  if (deployments === null) return null;
  const repository = repositoryName(message);
  const { sha, ...state } = message.content as DeploymentContent;
  const about = { sha, environment: message.topic, key: message.subject };
  const known = message.remote ?? (await deployments.find(repository, about));
  // What nobody has seen needs not be retired.
  if (known === null && state.state === 'inactive') return null;
  const { description } = state;
  const id = known ?? (await deployments.create(repository, { ...about, description }));
  await deployments.setState(repository, id, state);
  return id;
}

/** Each content is a run of its own, known by its digest. */
async function sayCheck({ checks }: Speaker, message: QueuedMessage): Promise<string | null> {
  if (checks === null) return null;
  const { round, ...result } = message.content as CheckContent;
  const key = shortDigest([round, result]);
  const about = { sha: message.subject, name: message.topic, key };
  return await checks.put(repositoryName(message), { ...about, ...result });
}

function bodyOf(message: QueuedMessage): string {
  return (message.content as CommentContent).body;
}

/** Of groups of groups, the name is what comes last. */
function repositoryName({ repository }: MessageKey): RepositoryName {
  const at = repository.lastIndexOf('/');
  return { owner: repository.slice(0, Math.max(0, at)), name: repository.slice(at + 1) };
}
