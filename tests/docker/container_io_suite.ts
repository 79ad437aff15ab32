import type { ContainerIo } from "../../src/runtimes/docker/container_io.ts";
import { EngineFixture, type SeenProcess, type TestLimits } from "./engine_fixture.ts";
import { backgroundScenarios } from "./background_scenarios.ts";
import { endScenarios } from "./end_scenarios.ts";
import { fileScenarios } from "./file_scenarios.ts";
import { limitScenarios } from "./limit_scenarios.ts";
import { programScenarios } from "./program_scenarios.ts";

/** The largest file in the suite. */
export const MAX_FILE_BYTES = 6 * 1024 * 1024;

/** One container and what drives it. */
export interface IoCase {
  readonly io: ContainerIo;
  readonly fixture: EngineFixture;
  readonly id: string;
  /** Drives the container anew, when what did so was lost. */
  reconnect(): Promise<ContainerIo>;
}

/** What is tested by a suite. */
export interface IoSuite {
  /** Whether it is skipped. */
  readonly ignore: boolean;
  /** Starts a container for it. */
  container(fixture: EngineFixture, limits?: TestLimits): Promise<string>;
  /** Drives a container. */
  connect(fixture: EngineFixture, id: string): Promise<ContainerIo>;
}

/** Something that holds for everything that drives a container. */
export interface Scenario {
  /** As it stands after the symbol: `runs …`. */
  readonly name: string;
  readonly limits?: TestLimits;
  test(subject: IoCase): Promise<void>;
}

/** Registers the tests of something that drives a container. */
export function containerIoSuite(symbol: string, suite: IoSuite): void {
  const groups = [
    programScenarios,
    backgroundScenarios,
    endScenarios,
    limitScenarios,
    fileScenarios,
  ];
  for (const { name, limits, test } of groups.flat()) {
    Deno.test({
      name: `${symbol} ${name}`,
      ignore: suite.ignore,
      fn: async () => {
        await using fixture = await EngineFixture.open();
        const id = await suite.container(fixture, limits);
        await using io = await suite.connect(fixture, id);
        await test({ io, fixture, id, reconnect: () => suite.connect(fixture, id) });
      },
    });
  }
}

/** The sandbox's processes that were not there before. */
export async function newProcesses(
  { fixture, id }: IoCase,
  before: readonly SeenProcess[],
): Promise<string[]> {
  const known = new Set(before.map(({ pid }) => pid));
  const now = await fixture.processes(id);
  return now.filter(({ pid }) => !known.has(pid)).map(({ name }) => name);
}
