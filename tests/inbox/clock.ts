/** Both clocks of this process, which pass only where a test lets them. Timers go on by the real time. */
export class Clock {
  #passedMs = 0;

  constructor(t: { after(undo: () => void): void }) {
    const began = Date.now();
    const real = { date: Date.now, monotonic: performance.now };
    Date.now = () => began + this.#passedMs;
    performance.now = () => 1_000_000 + this.#passedMs;
    t.after(() => {
      Date.now = real.date;
      performance.now = real.monotonic;
    });
  }

  pass(ms: number): void {
    this.#passedMs += ms;
  }
}
