/**
 * Measures Deno sessions against what they could cost at least, in turns. It reports and never
 * judges: its exit code is 0 whenever it could measure.
 *
 * @example
 * ```sh
 * deno task bench --quick
 * ```
 *
 * @module
 */
import { describeMachine } from "./_machine.ts";
import { runSuite } from "./_suite.ts";
import { burst } from "./rows/burst.ts";
import { helloWithoutSpare, helloWithSpare } from "./rows/hello.ts";
import { idle } from "./rows/idle.ts";
import { sequence } from "./rows/sequence.ts";
import { throughput } from "./rows/throughput.ts";

await runSuite({
  task: "bench",
  marker: "bench",
  rows: [
    helloWithSpare,
    helloWithoutSpare,
    sequence,
    burst,
    throughput,
    idle,
  ],
  describe: ({ directory }) => describeMachine(directory, "deno"),
});
