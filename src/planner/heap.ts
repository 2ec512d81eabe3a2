/** A binary heap of numbers: the smallest is on top. */
export class NumberHeap {
  readonly #items: number[];

  constructor(items: readonly number[]) {
    this.#items = [...items];
    for (let at = (this.#items.length >> 1) - 1; at >= 0; at -= 1) this.#sink(at);
  }

  get top(): number | undefined {
    return this.#items[0];
  }

  /** In no particular order. */
  get items(): readonly number[] {
    return this.#items;
  }

  push(item: number): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = items[parent] ?? item;
      if (above <= item) break;
      items[at] = above;
      at = parent;
    }
    items[at] = item;
  }

  pop(): void {
    const last = this.#items.pop();
    if (last !== undefined && this.#items.length > 0) this.replaceTop(last);
  }

  replaceTop(item: number): void {
    this.#items[0] = item;
    this.#sink(0);
  }

  #sink(start: number): void {
    const items = this.#items;
    const item = items[start];
    if (item === undefined) return;
    let at = start;
    for (let child = 2 * at + 1; child < items.length; child = 2 * at + 1) {
      const left = items[child] ?? item;
      const right = items[child + 1] ?? left;
      const smaller = right < left ? right : left;
      if (smaller >= item) break;
      items[at] = smaller;
      at = right < left ? child + 1 : child;
    }
    items[at] = item;
  }
}
