/** Bounds of histograms, in seconds: coarse enough for few series, fine where the values are. */
export const BUCKETS = {
  /** How long commands and calls take: from a file command to the longest program. */
  work: [
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
    600,
  ],
  /** How long a command waits for its turn. */
  wait: [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600],
  /** How long it takes to make a session: a warm child, a cold one, a container, an image to fetch. */
  create: [
    0.0005,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1,
    2.5,
    5,
    10,
    30,
    60,
    120,
  ],
  /** How long sessions live. */
  lifetime: [1, 10, 60, 300, 600, 1800, 3600, 7200, 21_600, 86_400],
  /** How late the event loop is. */
  delay: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
} as const;
