/** The two ends of an agent that we have: its standard output to read and its standard input to write. */
export interface AgentChannel extends Disposable {
  /**
   * Reads what is there, at least one byte; null at the end, and once it is disposed. The bytes are the
   * caller's to keep.
   */
  read(): Promise<Uint8Array | null>;
  /** Writes all of the bytes. One call at a time. */
  write(bytes: Uint8Array): Promise<void>;
}
