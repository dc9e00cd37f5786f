/** How far the customer has read, told to the desk: at most one word in a while, with whatever is the newest then. */

export class ReadMarks {
  private readSeq = 0;
  private toldSeq = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly everyMs: number,
    /** Whether the desk has been told; when that is not known, the next chance tells again. */
    private readonly tell: (seq: number) => Promise<boolean> | boolean,
  ) {}

  /** The customer has seen everything up to here. */
  read(seq: number): void {
    this.readSeq = Math.max(this.readSeq, seq);
    this.schedule();
  }

  /** What the desk says is what it knows: another tab may have read further, a restart may have lost something. */
  known(seq: number | undefined): void {
    this.toldSeq = seq ?? this.toldSeq;
    this.schedule();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private schedule(): void {
    if (this.timer !== undefined || this.readSeq <= this.toldSeq) return;
    this.timer = setTimeout(async () => {
      this.timer = undefined;
      const seq = this.readSeq;
      if (await this.tell(seq)) this.toldSeq = seq;
    }, this.everyMs);
  }
}
