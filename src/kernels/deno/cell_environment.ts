/** Sets variables for one cell; what is returned takes them back. */
export function setEnvironment(env: Record<string, string>): () => void {
  const before: [string, string | undefined][] = [];
  for (const [name, value] of Object.entries(env)) {
    // The code may not read what its permissions leave out, so that need not be there.
    const { state } = Deno.permissions.querySync({ name: "env", variable: name });
    if (state !== "granted") continue;
    before.push([name, Deno.env.get(name)]);
    Deno.env.set(name, value);
  }
  return () => {
    for (const [name, value] of before) {
      if (value === undefined) Deno.env.delete(name);
      else Deno.env.set(name, value);
    }
  };
}
