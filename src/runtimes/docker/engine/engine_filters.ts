/** Which objects are wanted: an object fits if for every key one of the values fits. */
export type EngineFilters = Readonly<Record<string, readonly string[] | undefined>>;

/** Writes filters as the engine reads them; none are left out of the query. */
export function formatFilters(filters: EngineFilters | undefined): string | undefined {
  const given = Object.entries(filters ?? {}).filter(([, values]) => values !== undefined);
  return given.length === 0 ? undefined : JSON.stringify(Object.fromEntries(given));
}
