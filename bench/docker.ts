/**
 * Measures Docker sessions against the engine's own endpoints, in turns and in the same container. It
 * reports and never judges: its exit code is 0 whenever it could measure.
 *
 * @example
 * ```sh
 * deno task bench:docker --quick
 * ```
 *
 * @module
 */
import { describeMachine } from "./_machine.ts";
import { openEngine } from "./_python_image.ts";
import { runSuite } from "./_suite.ts";
import { createFromPool } from "./rows/docker_create.ts";
import { execPython, execPythonAdded, execTrue } from "./rows/docker_exec.ts";
import {
  getLarge,
  putLarge,
  readLarge,
  readSmall,
  writeLarge,
  writeSmall,
} from "./rows/docker_files.ts";

await runSuite({
  task: "bench:docker",
  marker: "bench-docker",
  rows: [
    execTrue,
    execPython,
    execPythonAdded,
    writeSmall,
    readSmall,
    writeLarge,
    readLarge,
    putLarge,
    getLarge,
    createFromPool,
  ],
  async describe({ directory }) {
    // Only to find out early whether there is one, with the image.
    using _engine = (await openEngine()).engine;
    const env = { CODEBEAKER_DOCKER: "auto", CODEBEAKER_CONTAINER_SPARES: "0" };
    return await describeMachine(directory, "docker", env);
  },
});
