import { EngineError } from "./engine_error.ts";
import { jsonStream } from "./json_stream.ts";

/** One step of making an image. Which keys there are depends on the step. */
export interface ImageProgress {
  /** What is being done, when an image is pulled or imported. */
  status?: string;
  /** The layer that it is about. */
  id?: string;
  progressDetail?: { current?: number; total?: number };
  /** What a build writes. */
  stream?: string;
  /** Facts for programs, such as the id of the image that was built. */
  aux?: { ID?: string; Tag?: string; Digest?: string };
  error?: string;
  errorDetail?: { message?: string };
}

/** Reads progress; the error that the engine reports in it becomes the error of the stream. */
export function imageProgress(
  body: ReadableStream<Uint8Array>,
  action: string,
): ReadableStream<ImageProgress> {
  return jsonStream<ImageProgress>(body, {
    action,
    check: ({ error, errorDetail }) => {
      const detail = errorDetail?.message ?? error;
      if (detail !== undefined) throw new EngineError("server_error", action, detail);
    },
  });
}
