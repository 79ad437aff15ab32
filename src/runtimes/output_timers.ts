/** The one thing that output needs of time. */
export interface OutputTimers {
  /** Calls `action` once after so many milliseconds, unless the returned handle is disposed first. */
  after(ms: number, action: () => void): Disposable;
}
