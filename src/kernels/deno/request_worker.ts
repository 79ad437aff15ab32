import type { KernelRequest } from "./kernel_requests.ts";
import reader from "./request_reader.js" with { type: "text" };

/** What is shared with the worker: the id of the last cell that ended, and whether code is being ended. */
const ENDED = 0;
const ENDING = 1;

const { load, store } = Atomics;
const shared = new Int32Array(new SharedArrayBuffer(8));
const worker = new Worker(
  URL.createObjectURL(new Blob([reader], { type: "text/javascript" })),
  { type: "module" },
);
// Cells may replace the methods of prototypes, and would so get hold of what these are called on.
const toWorker = worker.postMessage.bind(worker) as (message: unknown) => void;
toWorker({ type: "shared", shared, places: { ended: ENDED, ending: ENDING } });

/** Hears what the worker tells. */
export function listen(onRequest: (request: KernelRequest) => void): void {
  worker.onmessage = ({ data }) => onRequest(data);
}

/** Lets the worker connect to the inspector's server; it tells when that is done. */
export function inspectFrom(url: string | undefined): void {
  toWorker({ type: "inspect", url });
}

/** Keeps the worker from ending what runs after a cell. */
export function markEnded(id: number): void {
  store(shared, ENDED, id);
}

/** Whether something is on its way that ends what runs. */
export function isBeingEnded(): boolean {
  return load(shared, ENDING) === 1;
}
