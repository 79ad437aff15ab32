/** Open sessions that are alike. */
export interface SessionCount {
  readonly runtime: string;
  readonly language: string;
  readonly state: string;
  readonly count: number;
}

/** What goes on in the sessions of a runtime beside commands. */
export interface BackgroundCount {
  readonly runtime: string;
  readonly processes: number;
  readonly watches: number;
}

/** What a pool holds, and how often it could serve since it was made. */
export interface PoolFigures {
  readonly pool: string;
  readonly ready: number;
  readonly starting: number;
  readonly hits: number;
  readonly misses: number;
}

/** Whether a runtime can make sessions. */
export interface RuntimeAvailability {
  readonly runtime: string;
  readonly available: boolean;
}

/**
 * Who is asked when metrics are read, for what is not worth an event. Each must answer soon; one that
 * throws fails the reading and nothing else.
 */
export interface MetricSources {
  readonly sessions?: () => Iterable<SessionCount>;
  readonly pools?: () => Iterable<PoolFigures>;
  readonly runtimes?: () => Promise<Iterable<RuntimeAvailability>>;
  /** Commands that wait, and those that run. */
  readonly executions?: () => { readonly queued: number; readonly running: number };
  /** What goes on beside them. */
  readonly background?: () => Iterable<BackgroundCount>;
  /** JSON-RPC calls that are not answered. */
  readonly calls?: () => number;
}
