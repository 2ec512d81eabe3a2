import { type SmallCall, SmallRefusal } from './dialect.ts';
import type { Person, SmallComment, SmallPull, SmallWorld } from './state.ts';

export function addComment(
  world: SmallWorld,
  pull: SmallPull,
  of: { readonly author: Person; readonly body: string },
): SmallComment {
  const now = Date.now();
  const comment = { id: world.nextId(), ...of, createdAt: now, updatedAt: now };
  pull.comments.push(comment);
  pull.updatedAt = now;
  return comment;
}

/** By whoever asks. The hooks are told. */
export function saidBy(call: SmallCall, pull: SmallPull, body: string): SmallComment {
  const comment = addComment(call.world, pull, { author: call.person, body });
  call.tell(call.repository, { kind: 'comment', pull, comment });
  return comment;
}

/** Only its author may. */
export function edited(call: SmallCall, comment: SmallComment, body: string): SmallComment {
  if (comment.author !== call.person) throw new SmallRefusal(403, '403 Forbidden');
  return Object.assign(comment, { body, updatedAt: Date.now() });
}

export function commentIn(pull: SmallPull, id: string | undefined): SmallComment | undefined {
  return pull.comments.find((each) => String(each.id) === id);
}
