import { EngineError } from "./engine_error.ts";

/** The oldest API that has what we use: engine 20.10. */
export const MIN_API_VERSION = "1.41";

/** The newest API whose answers we know. */
export const MAX_API_VERSION = "1.51";

/** The version to speak with an engine that speaks up to `theirs`. */
export function negotiateApiVersion(theirs: string | null): string {
  const action = "speak with the Docker engine";
  const minor = minorOf(theirs ?? "");
  if (minor === undefined) {
    const found = theirs === null ? "no API version" : `the API version "${theirs}"`;
    throw new EngineError("protocol", action, `the answer states ${found}; is it a Docker engine?`);
  }
  if (minor < minorOf(MIN_API_VERSION)!) {
    throw new EngineError(
      "protocol",
      action,
      `the API version of the Docker engine is ${theirs}, expected ${MIN_API_VERSION} or newer (Docker 20.10)`,
    );
  }
  return minor > minorOf(MAX_API_VERSION)! ? MAX_API_VERSION : theirs!;
}

function minorOf(version: string): number | undefined {
  const minor = /^1\.(\d{1,4})$/.exec(version)?.[1];
  return minor === undefined ? undefined : Number(minor);
}
