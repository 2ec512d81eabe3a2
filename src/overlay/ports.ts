import type { NetworkMap } from '../model/network.ts';

/** Keeps WireGuard in user space running, where the kernel has none. */
export interface Helper {
  /** Resolves when the device is there. Doing it again while it runs does nothing. */
  ensure(device: string): Promise<void>;
  /** Ends it, and the device with it. Nothing is there: nothing is done. */
  remove(device: string): Promise<void>;
}

/** Docker's half: the grid's network on this host, whose bridge ours is joined to. */
export interface Bridge {
  /** Resolves when there is a network for this map whose bridge device has this name. */
  ensure(map: NetworkMap, device: string): Promise<void>;
}
