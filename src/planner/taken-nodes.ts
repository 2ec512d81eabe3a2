import { NumberHeap } from './heap.ts';

interface Question {
  /** How many instances of the service a node has by now. */
  readonly count: (position: number) => number;
  readonly hasRoom: (position: number) => boolean;
  readonly onFull: (position: number) => void;
}

/**
 * Nodes that a service is on already, for services with more instances than there are nodes: the one with the fewest of them
 * first, then by `key`. During a service's turn both only grow, so an entry that is out of date is merely too early and is
 * put right when it comes up: whatever the number of nodes, one more instance costs its logarithm.
 */
export class TakenNodes {
  readonly #key: (position: number) => number;
  readonly #positionOf: (key: number) => number;
  /** By how many instances of the service a node had when it was put there. */
  #byCount: NumberHeap[] = [];
  /** Below it there are none. */
  #least = 0;

  constructor(of: {
    /** Orders nodes that have equally many. */
    readonly key: (position: number) => number;
    readonly positionOf: (key: number) => number;
  }) {
    this.#key = of.key;
    this.#positionOf = of.positionOf;
  }

  add(position: number, count: number): void {
    while (this.#byCount.length <= count) this.#byCount.push(new NumberHeap([]));
    this.#byCount[count]?.push(this.#key(position));
    this.#least = Math.min(this.#least, count);
  }

  /** The first with room; those without any are taken out, and told to `onFull`. */
  first(of: Question): number | null {
    for (let count = this.#least; count < this.#byCount.length; count += 1) {
      this.#least = count;
      const position = this.#firstOf(count, of);
      if (position !== null) return position;
    }
    return null;
  }

  #firstOf(count: number, of: Question): number | null {
    const heap = this.#byCount[count] ?? new NumberHeap([]);
    for (let top = heap.top; top !== undefined; top = heap.top) {
      const position = this.#positionOf(top);
      const now = of.count(position);
      const key = this.#key(position);
      if (now === count && key === top && of.hasRoom(position)) return position;
      if (now === count && key !== top) heap.replaceTop(key);
      else heap.pop();
      if (now !== count) this.add(position, now);
      else if (key === top) of.onFull(position);
    }
    return null;
  }

  /** All of them, which are not here any more. */
  takeAll(): readonly number[] {
    const all = this.#byCount.flatMap((heap) => heap.items).map(this.#positionOf);
    this.#byCount = [];
    this.#least = 0;
    return all;
  }
}
