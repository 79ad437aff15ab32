/** The first that the server writes. */
export interface Hello {
  readonly type: "hello";
  /** Marks what is the kernel's own in the output. */
  readonly token: string;
  /** Whether cells have types. */
  readonly typescript: boolean;
}

/** A cell to evaluate. */
export interface CellRequest {
  readonly type: "cell";
  readonly id: number;
  /** The how many-th cell it is. */
  readonly count: number;
  readonly code: string;
  /** Environment variables of this cell only. */
  readonly env?: Record<string, string>;
}

/** What the worker tells: what the server wrote, and of itself. */
export type KernelRequest =
  | Hello
  | CellRequest
  | { readonly type: "interrupt"; readonly id: number }
  /** It is connected to the inspector's server, or never will be. */
  | { readonly type: "inspecting" }
  /** What was on its way to end code has arrived. */
  | { readonly type: "settled" }
  /** The server has closed the input. */
  | { readonly type: "bye" };
