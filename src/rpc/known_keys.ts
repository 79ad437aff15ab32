import type { z } from "zod";

/** What this file reads of a schema; the library types its internals per kind. */
interface Node {
  readonly _zod: {
    readonly def: {
      readonly type: string;
      readonly shape?: Readonly<Record<string, Node>>;
      readonly innerType?: Node;
      readonly in?: Node;
      readonly getter?: () => Node;
      readonly options?: readonly Node[];
      readonly discriminator?: string;
      readonly element?: Node;
      readonly valueType?: Node;
      readonly items?: readonly Node[];
      readonly left?: Node;
      readonly right?: Node;
    };
    readonly propValues?: Readonly<Record<string, ReadonlySet<unknown>>>;
  };
}

/** The keys that a schema knows at a path, following the branches that the input itself chose. */
export function knownKeysAt(
  schema: z.ZodType,
  input: unknown,
  path: readonly PropertyKey[],
): string[] {
  let nodes = expand(schema as unknown as Node, input);
  let value = input;
  for (const key of path) {
    value = member(value, key);
    nodes = nodes.flatMap((node) => children(node, key)).flatMap((node) => expand(node, value));
  }
  return [...new Set(nodes.flatMap((node) => Object.keys(node._zod.def.shape ?? {})))];
}

/** Takes wrappers off and picks the branches of unions, down to objects and other containers. */
function expand(node: Node, input: unknown): Node[] {
  const { def } = node._zod;
  const inner = def.innerType ?? def.in ?? def.getter?.();
  if (inner !== undefined) return expand(inner, input);
  if (def.left !== undefined && def.right !== undefined) {
    return [...expand(def.left, input), ...expand(def.right, input)];
  }
  if (def.options === undefined) return [node];
  const { discriminator } = def;
  const options = discriminator === undefined
    ? def.options
    : def.options.filter((option) =>
      option._zod.propValues?.[discriminator]?.has(member(input, discriminator))
    );
  return options.flatMap((option) => expand(option, input));
}

function children(node: Node, key: PropertyKey): Node[] {
  const { shape, element, valueType, items } = node._zod.def;
  const child = typeof key === "string" && shape !== undefined && Object.hasOwn(shape, key)
    ? shape[key]
    : element ?? valueType ?? (typeof key === "number" ? items?.[key] : undefined);
  return child === undefined ? [] : [child];
}

function member(value: unknown, key: PropertyKey): unknown {
  return value !== null && typeof value === "object" && Object.hasOwn(value, key)
    ? (value as Record<PropertyKey, unknown>)[key]
    : undefined;
}
