import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type Type from 'typebox';
import type { Assignment as AssignmentType } from '../model/assignment.ts';
import { GridError } from '../model/error.ts';
import { compareInstances } from '../model/identity.ts';
import type { NetworkMap as NetworkMapType } from '../model/network.ts';
import type {
  NodeFacts as NodeFactsType,
  ObservedInstance as ObservedInstanceType,
} from '../model/observed.ts';
import type { ContainerSpec as ContainerSpecType } from '../model/spec.ts';
import { AgentMessage, AskedQuestion, Credential, MasterMessage, SecretsParcel } from './agent.ts';
import type { Decoded } from './api.ts';
import { Assignment } from './assignment-shape.ts';
import { ContainerSpec } from './container-shape.ts';
import { NetworkMap } from './network-shape.ts';
import { NodeFacts } from './node-shape.ts';

/**
 * Text ⇄ message, in both directions, for both peers. Decoding throws `GridError` `protocol-violation` that names the first
 * fault and never quotes the message: it may hold secrets.
 */

const ajv = new Ajv2020({ strict: true, allErrors: false, discriminator: false });

/** Compiling costs tens of milliseconds: not before it is needed, for most processes need few. */
function checker<T>(schema: Type.TSchema): () => ValidateFunction<T> {
  let compiled: ValidateFunction<T> | null = null;
  return () => {
    compiled ??= ajv.compile<T>(schema);
    return compiled;
  };
}

function decoder<S extends Type.TSchema>(what: string, schema: S): (text: string) => Decoded<S> {
  const compiled = checker<Decoded<S>>(schema);
  return (text) => {
    const check = compiled();
    const value = parse(what, text);
    if (check(value)) return value;
    const fault = check.errors?.[0];
    throw violation(`${what} ${fault?.instancePath || '/'} ${fault?.message ?? 'is invalid'}`);
  };
}

/** Unions are checked by the schema of their `type` only: the fault that is named is the one of the message meant. */
function messageDecoder<T extends { type: string }>(
  peer: string,
  union: Type.TUnion<Type.TObject[]>,
): (text: string) => T {
  const checks = new Map<string, (value: unknown) => string | null>();
  for (const schema of union.anyOf) {
    const literal = schema.properties['type'] as Type.TLiteral<string>;
    const compiled = checker(schema);
    checks.set(literal.const, (value) => {
      const check = compiled();
      if (check(value)) return null;
      const fault = check.errors?.[0];
      return `${fault?.instancePath || '/'} ${fault?.message ?? 'is invalid'}`;
    });
  }
  return (text) => {
    const value = parse(`${peer} message`, text);
    const type = (value as { type?: unknown } | null)?.type;
    const check = typeof type === 'string' ? checks.get(type) : undefined;
    if (check === undefined) throw violation(`${peer} message of unknown type`);
    const fault = check(value);
    if (fault !== null) throw violation(`${peer} message '${String(type)}': ${fault}`);
    return value as T;
  };
}

type WireAssignment = AssignmentType & { readonly jobs?: AssignmentType['instances'] };

function parse(what: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw violation(`${what} is not JSON`);
  }
}

function violation(message: string): GridError {
  return new GridError({ code: 'protocol-violation', message, retry: 'later' });
}

export const decodeAgentMessage = messageDecoder<AgentMessage>('agent', AgentMessage);
export const decodeMasterMessage = messageDecoder<MasterMessage>('master', MasterMessage);
const decodeWireAssignment: (text: string) => WireAssignment = decoder('assignment', Assignment);
export const decodeNetworkMap: (text: string) => NetworkMapType = decoder(
  'network map',
  NetworkMap,
);
export const decodeCredential: (text: string) => Credential = decoder('credential', Credential);
export const decodeNodeFacts: (text: string) => NodeFactsType = decoder('node facts', NodeFacts);
export const decodeAskedQuestion: (text: string) => AskedQuestion = decoder(
  'question',
  AskedQuestion,
);
export const decodeSecretsParcel: (text: string) => SecretsParcel = decoder(
  'secrets',
  SecretsParcel,
);

/**
 * An assignment as it travels and is kept: jobs beside the instances, where an agent that knows of none does not look. It
 * would take one for a service, and start it again and again.
 */
export function wireAssignment(assignment: AssignmentType): WireAssignment {
  const jobs = assignment.instances.filter((one) => one.job !== undefined);
  if (jobs.length === 0) return assignment;
  const instances = assignment.instances.filter((one) => one.job === undefined);
  return { ...assignment, instances, jobs };
}

export function decodeAssignment(text: string): AssignmentType {
  const { jobs = [], ...assignment } = decodeWireAssignment(text);
  if (jobs.length === 0) return assignment;
  const instances = [...assignment.instances, ...jobs].toSorted(compareInstances);
  return { ...assignment, instances };
}

const specCheck = checker(ContainerSpec);

/** Where a spec has what no agent takes, as a JSON pointer; `null`: nowhere. */
export function specFault(spec: ContainerSpecType): string | null {
  const check = specCheck();
  return check(spec) ? null : (check.errors?.at(-1)?.instancePath ?? '');
}

export function encode(message: AgentMessage | MasterMessage): string {
  return JSON.stringify(message);
}

/** Failure codes cross the wire as text (a newer agent may have more of them); everything else is the model's own type. */
export type WireInstance = Extract<AgentMessage, { type: 'observation' }>['instances'][number];
export function toObservedInstance(wire: WireInstance): ObservedInstanceType {
  return wire as ObservedInstanceType;
}
