/** A map of 64-bit hashes to small numbers in one typed array: 24 MiB for a million, and no objects. */

/** Slots of low half, high half, value; a value of 0 is an empty slot. */
const STRIDE = 3;

export class HashTable {
  /** Entries. */
  count = 0;
  private slots: Int32Array;
  /** Slots less one; their number is a power of two. */
  private mask: number;

  constructor(slots = 1024) {
    this.slots = new Int32Array(slots * STRIDE);
    this.mask = slots - 1;
  }

  /** Makes room for so many entries more, all at once: growing step by step moves each of them once again. */
  reserve(entries: number): void {
    let slots = this.mask + 1;
    while ((this.count + entries) * 4 > (slots - 1) * 3) slots *= 2;
    if (slots > this.mask + 1) this.resize(slots);
  }

  /**
   * The place of a hash, made if it is not there, for {@link get} and {@link set} until the next call.
   * What is made has the value 0 and must get another.
   */
  place(low: number, high: number): number {
    if (this.count * 4 > this.mask * 3) this.resize((this.mask + 1) * 2);
    const at = this.find(low, high);
    if (this.slots[at + 2] === 0) {
      this.slots[at] = low;
      this.slots[at + 1] = high;
      this.count++;
    }
    return at;
  }

  get(place: number): number {
    return this.slots[place + 2] ?? 0;
  }

  set(place: number, value: number): void {
    this.slots[place + 2] = value;
  }

  forEach(visit: (low: number, high: number, value: number) => void): void {
    const { slots } = this;
    for (let at = 0; at < slots.length; at += STRIDE) {
      const value = slots[at + 2] ?? 0;
      if (value !== 0) visit(slots[at] ?? 0, slots[at + 1] ?? 0, value);
    }
  }

  /** The hashes are mixed with a secret seed already: their low bits are as good as any. */
  private find(low: number, high: number): number {
    const { slots, mask } = this;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = slot * STRIDE;
      if (slots[at + 2] === 0) return at;
      if (slots[at] === low && slots[at + 1] === high) return at;
    }
  }

  private resize(slots: number): void {
    const old = this.slots;
    this.slots = new Int32Array(slots * STRIDE);
    this.mask = slots - 1;
    for (let from = 0; from < old.length; from += STRIDE) {
      if (old[from + 2] === 0) continue;
      const at = this.find(old[from] ?? 0, old[from + 1] ?? 0);
      this.slots[at] = old[from] ?? 0;
      this.slots[at + 1] = old[from + 1] ?? 0;
      this.slots[at + 2] = old[from + 2] ?? 0;
    }
  }
}
