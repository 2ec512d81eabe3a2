import type { PortBinding } from './spec.ts';

/** A port of a node that something has which is not this node's to run. */
export interface TakenPort {
  /** Of the host; `0.0.0.0` and `::` are all of them. */
  readonly address: string;
  readonly port: number;
  readonly protocol: PortBinding['protocol'];
  /** The name of the container that has published it, for people; `null`: it is none, but a process of the host. */
  readonly container: string | null;
  /** Another node on the same engine, whose container it is; absent: it is not gridops'. */
  readonly node?: string;
}

/**
 * What is on a node beside the containers that it was told to run, as its agent finds it. Written by agents only. Instances
 * are placed by it; none that runs is moved by it.
 */
export interface HostReport {
  readonly ports: readonly TakenPort[];
  /** Names of the volumes that it has, sorted; without those that have no name of their own. */
  readonly volumes: readonly string[];
  /** What its engine has, by name; for people to know what has to be pulled. Absent: an agent that does not tell. */
  readonly images?: readonly HostImage[];
}

/** One name of an image; it may have several. */
export interface HostImage {
  readonly name: string;
  /** On the disk: more than what comes over the network. */
  readonly bytes: number;
}
