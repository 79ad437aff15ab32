import config from "../deno.json" with { type: "json" };

/** The version of this server. */
export const VERSION: string = config.version;
