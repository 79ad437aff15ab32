/**
 * Turns a cell's `import` and `export` statements into what code outside a module may have: a console has no
 * modules, and cells are written as if they were one. Lines stay where they are; other code is not touched.
 */
export function withoutModuleSyntax(code: string): string {
  if (!/\b(?:import|export)\b/.test(code)) return code;
  let out = "";
  let done = 0;
  for (const at of statementStarts(code)) {
    if (at < done) continue;
    const found = replacement(code.slice(at));
    if (found === undefined) continue;
    const [length, text] = found;
    const lines = code.slice(at, at + length).split("\n").length - text.split("\n").length;
    out += code.slice(done, at) + text + "\n".repeat(Math.max(0, lines));
    done = at + length;
  }
  return out + code.slice(done);
}

const FROM = String.raw`(?:"([^"\n]*)"|'([^'\n]*)')(?:\s+(?:with|assert)\s*(\{[^}]*\}))?[ \t]*;?`;
const IMPORT_BARE_REGEXP = new RegExp(`^import\\s*${FROM}`);
const IMPORT_REGEXP = new RegExp(
  `^import\\s*([\\w$\\s{},*]+?|[\\w$\\s{},*]*\\})\\s*from\\s*${FROM}`,
);
const EXPORT_FROM_REGEXP = new RegExp(
  `^export\\s*(?:\\*(?:\\s*as\\s+[\\w$]+)?|\\{[^}]*\\})\\s*from\\s*${FROM}`,
);
const EXPORT_LIST_REGEXP = /^export\s*\{[^}]*\}[ \t]*;?/;
const EXPORT_DEFAULT_REGEXP =
  /^export\s+default\s+(?=(?:async\s+)?function\b\s*\*?\s*[\w$]|class\s+[\w$])/;
const EXPORT_DEFAULT_VALUE_REGEXP = /^export\s+default\b/;
const EXPORT_REGEXP = /^export\s+(?=(?:const|let|var|function|class|async)\b)/;

/** How long the statement is that begins here, and what takes its place; undefined if it may stay. */
function replacement(text: string): [number, string] | undefined {
  const bare = IMPORT_BARE_REGEXP.exec(text);
  if (bare !== null) return [bare[0].length, `await ${call(bare, 1)};`];
  const named = IMPORT_REGEXP.exec(text);
  if (named !== null) return [named[0].length, declarations(named[1] ?? "", call(named, 2))];
  const again = EXPORT_FROM_REGEXP.exec(text);
  if (again !== null) return [again[0].length, `await ${call(again, 1)};`];
  const list = EXPORT_LIST_REGEXP.exec(text);
  if (list !== null) return [list[0].length, ";"];
  for (const [regexp, text_] of EXPORT_WORDS) {
    const found = regexp.exec(text);
    if (found !== null) return [found[0].length, text_];
  }
  return undefined;
}

const EXPORT_WORDS: readonly (readonly [RegExp, string])[] = [
  [EXPORT_DEFAULT_REGEXP, ""],
  [EXPORT_DEFAULT_VALUE_REGEXP, ""],
  [EXPORT_REGEXP, ""],
];

function call(match: RegExpExecArray, group: number): string {
  const specifier = JSON.stringify(match[group] ?? match[group + 1] ?? "");
  const attributes = match[group + 2];
  return `import(${specifier}${attributes === undefined ? "" : `, { with: ${attributes} }`})`;
}

/** `a, { b as c }` and `* as d` as declarations of what `imported` gives. */
function declarations(clause: string, imported: string): string {
  const braces = /\{([^}]*)\}/.exec(clause);
  const namespace = /\*\s*as\s+([\w$]+)/.exec(clause)?.[1];
  const standard = /^\s*([\w$]+)/.exec(clause)?.[1];
  const names = (braces?.[1] ?? "").split(",").map((name) => name.trim())
    .filter((name) => name !== "" && !/^type\s+[\w$]/.test(name))
    .map((name) => name.replace(/\s+as\s+/, ": "));
  if (standard !== undefined) names.unshift(`default: ${standard}`);
  const pattern = `{ ${names.join(", ")} }`;
  if (namespace === undefined) return `const ${pattern} = await ${imported};`;
  const rest = names.length > 0 ? `, ${pattern} = ${namespace}` : "";
  return `const ${namespace} = await ${imported}${rest};`;
}

const WORD_REGEXP = /[\w$]/;
/** After these a slash begins a regular expression. */
const BEFORE_REGEXP =
  /(?:^|[=(,:;!&|?{}[+\-*%<>~^]|\b(?:return|typeof|case|in|of|void|await|yield|delete|do|else))$/;

/** Where a statement outside all brackets begins with one of the two words. */
function* statementStarts(code: string): Generator<number> {
  /** Open brackets; a template's `${` among them. */
  const open: string[] = [];
  /** The code before, without comments, as far as it decides what a slash or a word is. */
  let before = "";
  let at = 0;
  while (at < code.length) {
    const char = code[at]!;
    const next = code[at + 1];
    if (char === "/" && next === "/") {
      at = endOf(code.indexOf("\n", at), code);
    } else if (char === "/" && next === "*") {
      at = endOf(code.indexOf("*/", at + 2), code, 2);
    } else if (char === '"' || char === "'") {
      at = afterQuoted(code, at + 1, char);
      before = `${char}`;
    } else if (char === "`") {
      at = afterTemplate(code, at + 1, open);
      before = "`";
    } else if (char === "/" && BEFORE_REGEXP.test(before.trimEnd())) {
      at = afterRegExp(code, at + 1);
      before = ")";
    } else if (WORD_REGEXP.test(char)) {
      const word = /^[\w$]+/.exec(code.slice(at, at + 256))![0];
      const starts = /(?:^|[;}\n])[ \t]*$/.test(before);
      const isStart = open.length === 0 && starts;
      if (isStart && (word === "import" || word === "export")) yield at;
      before = word;
      at += word.length;
    } else {
      if (char === "}" && open.at(-1) === "`") {
        open.pop();
        at = afterTemplate(code, at + 1, open);
        before = "`";
        continue;
      }
      if ("([{".includes(char)) open.push(char);
      else if (")]}".includes(char)) open.pop();
      before = /\s/.test(char) ? (char === "\n" ? `${before.trimEnd()}\n` : `${before} `) : char;
      before = before.slice(-64);
      at++;
    }
  }
}

function endOf(found: number, code: string, length = 0): number {
  return found < 0 ? code.length : found + length;
}

function afterQuoted(code: string, start: number, quote: string): number {
  for (let at = start; at < code.length; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === quote || code[at] === "\n") return at + 1;
  }
  return code.length;
}

/** Goes to the template's end, or into its next `${`. */
function afterTemplate(code: string, start: number, open: string[]): number {
  for (let at = start; at < code.length; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === "`") return at + 1;
    else if (code[at] === "$" && code[at + 1] === "{") {
      open.push("`");
      return at + 2;
    }
  }
  return code.length;
}

function afterRegExp(code: string, start: number): number {
  let inClass = false;
  for (let at = start; at < code.length && code[at] !== "\n"; at++) {
    if (code[at] === "\\") at++;
    else if (code[at] === "[") inClass = true;
    else if (code[at] === "]") inClass = false;
    else if (code[at] === "/" && !inClass) return at + 1;
  }
  return start;
}
