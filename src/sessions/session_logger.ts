/** The part of a logger that sessions use; LogTape's has it. */
export interface SessionLogger {
  /** For those who look for a fault. */
  debug(message: string, properties?: Record<string, unknown>): void;
  /** What happens in the normal course. */
  info(message: string, properties?: Record<string, unknown>): void;
  /** What went wrong and was dealt with. */
  warning(message: string, properties?: Record<string, unknown>): void;
  /** What went wrong and needs somebody. */
  error(message: string, properties?: Record<string, unknown>): void;
}
