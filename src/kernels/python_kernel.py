# Keeps a Python interpreter between cells. Needs Python 3.8 and nothing but the standard library.
#
# Started by `PYTHON_BOOT` of kernel_programs.ts with `requests` in its globals: what the server writes, a JSON line at a time.
# The first line has the token that marks what is the kernel's own in its output; see kernel_stream.ts.
import ast, base64, builtins, json, linecache, os, signal, sys, threading, traceback, types
from math import isfinite

FRAME_BYTES = 4096 - 38  # With its head not more than a pipe takes in one piece, whoever else writes.
MAX_TEXT = 256 * 1024
MAX_COLUMN_VALUES = 100_000
KEPT_CELLS = 500
PID = os.getpid()
CO_COROUTINE = 0x80  # As in `inspect`, which takes long to load.

# Children and cells can close or replace 0, 1 and 2; these stay the kernel's, and children have none.
OUT, ERR = os.dup(1), os.dup(2)

with open(os.devnull) as null:
    os.dup2(null.fileno(), 0)
sys.stdin = open(0, encoding="utf-8", closefd=False)
for stream in (sys.stdout, sys.stderr):
    stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
sys.argv = [""]

user = types.ModuleType("__main__")
user.__dict__.update(__builtins__=builtins, __doc__=None)
sys.modules["__main__"] = user
kernel_file = __file__
write_lock = threading.Lock()
hello = json.loads(requests.readline())
MARK = b"\x1e" + hello["token"].encode()


def write_all(fd, data):
    while data:
        try:
            data = data[os.write(fd, data):]
        except BlockingIOError:  # A library made the pipe non-blocking.
            import select
            select.select([], [fd], [])


def send(fd, message):
    data = json.dumps(message, ensure_ascii=True).encode()
    with write_lock:
        for start in range(0, len(data), FRAME_BYTES):
            part = data[start:start + FRAME_BYTES]
            more = b"+" if start + FRAME_BYTES < len(data) else b"."
            write_all(fd, MARK + more + b"%04x" % len(part) + part)


def shorten(text, limit=MAX_TEXT):
    if len(text) <= limit:
        return text
    half = limit // 2
    return f"{text[:half]}\n… {len(text) - 2 * half} characters omitted …\n{text[-half:]}"


class Cell:
    """The cell that runs, for those who ask: the interrupt and display()."""
    id = None
    interruptible = False


def on_interrupt(_signal, _frame):
    if Cell.interruptible:
        Cell.interruptible = False
        raise KeyboardInterrupt


# --- Results -----------------------------------------------------------------------------------------

TEXT_METHODS = {
    "text/html": "_repr_html_",
    "text/markdown": "_repr_markdown_",
    "image/svg+xml": "_repr_svg_",
    "text/latex": "_repr_latex_",
}
BYTES_METHODS = {"image/png": "_repr_png_", "image/jpeg": "_repr_jpeg_"}


def ask(value, method):
    """What a display method says; one that fails says nothing."""
    if isinstance(value, type):
        return None
    found = getattr(value, method, None)
    if not callable(found):
        return None
    try:
        return found()
    except Exception:
        return None


def without_metadata(answer):
    return answer[0] if isinstance(answer, tuple) and answer else answer


def plain(value):
    try:
        return shorten(repr(value))
    except Exception as error:
        return f"<{type(value).__name__}: repr() failed with {type(error).__name__}>"


def is_json(value):
    try:
        json.dumps(value, allow_nan=False)
        return True
    except (TypeError, ValueError, RecursionError):
        return False


def columns(value):
    """A data frame as column name to values, if it is one and not too large."""
    library = type(value).__module__.partition(".")[0]
    if type(value).__name__ != "DataFrame" or library not in ("pandas", "polars"):
        return None
    try:
        rows, width = value.shape
        if rows * width > MAX_COLUMN_VALUES:
            return None
        if library == "polars":
            return json.loads(json.dumps(value.to_dict(as_series=False), default=str))
        names = [str(name) for name in value.columns]
        if len(set(names)) < width:
            return None  # One of two columns of the same name would be lost.
        return {name: column_values(value.iloc[:, at]) for at, name in enumerate(names)}
    except Exception:
        return None


def column_values(column):
    """The values of a column of pandas; null for what is missing or infinite."""
    if getattr(column.dtype, "kind", "") == "f" and type(column.dtype).__module__.startswith("numpy"):
        # to_json() rounds.
        return [float(number) if isfinite(number) else None for number in column.tolist()]
    return json.loads(column.to_json(orient="values", date_format="iso", double_precision=15))


def as_figure(value):
    matplotlib = sys.modules.get("matplotlib.figure")
    return value if matplotlib is not None and isinstance(value, matplotlib.Figure) else None


def figure_png(figure):
    import io
    data = io.BytesIO()
    figure.savefig(data, format="png", bbox_inches="tight")
    return base64.b64encode(data.getvalue()).decode()


def bundle(value):
    """A value in every form that it offers."""
    data = {"text/plain": plain(value)}
    figure = as_figure(value)
    if figure is not None:
        data["image/png"] = figure_png(figure)
        close_figure(figure)
        return data
    own = without_metadata(ask_bundle(value))
    if isinstance(own, dict):
        for mime, content in own.items():
            add(data, str(mime), content)
    for mime, method in TEXT_METHODS.items():
        if mime not in data:
            add(data, mime, without_metadata(ask(value, method)))
    for mime, method in BYTES_METHODS.items():
        if mime not in data:
            add(data, mime, without_metadata(ask(value, method)))
    if "application/json" not in data:
        content = without_metadata(ask(value, "_repr_json_"))
        add(data, "application/json", columns(value) if content is None else content)
    return data


def ask_bundle(value):
    found = None if isinstance(value, type) else getattr(value, "_repr_mimebundle_", None)
    if not callable(found):
        return None
    try:
        return found(include=None, exclude=None)
    except Exception:
        return None


def add(data, mime, content):
    if content is None:
        return
    if isinstance(content, (bytes, bytearray)):
        content = base64.b64encode(content).decode()
    if isinstance(content, str) or (mime.endswith("json") and is_json(content)):
        data[mime] = content


def publish(data):
    if os.getpid() != PID:
        return  # A child has no results of its own.
    # What was printed before stands before it.
    flush()
    send(OUT, {"type": "result", "id": Cell.id, "data": data})


def display(*values, raw=False):
    """Shows values among the cell's results; with raw=True, dicts of MIME type to content."""
    for value in values:
        if raw and isinstance(value, dict):
            data = {}
            for mime, content in value.items():
                add(data, str(mime), content)
            data.setdefault("text/plain", "")
            publish(data)
        else:
            publish(bundle(value))


# --- matplotlib --------------------------------------------------------------------------------------

def pyplot():
    return sys.modules.get("matplotlib.pyplot")


def close_figure(figure):
    if pyplot() is not None:
        pyplot().close(figure)


def show_figures(*_arguments, **_options):
    """Shows and closes what was drawn."""
    plt = pyplot()
    if plt is None or not hasattr(plt, "get_fignums"):
        return
    for number in plt.get_fignums():
        figure = plt.figure(number)
        try:
            publish({"text/plain": plain(figure), "image/png": figure_png(figure)})
        finally:
            plt.close(figure)


class PyplotFinder:
    """Lets pyplot draw without a screen, and its show() be ours."""

    @classmethod
    def find_spec(cls, name, _path=None, _target=None):
        if name != "matplotlib.pyplot":
            return None
        import importlib.util
        sys.meta_path.remove(cls)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def exec_module(module):
            if "MPLBACKEND" not in os.environ:
                import matplotlib
                matplotlib.rcParams["backend"] = "agg"
            load(module)
            module.show = show_figures

        spec.loader.exec_module = exec_module
        return spec


# --- Cells -------------------------------------------------------------------------------------------

def flush():
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass  # The cell replaced or closed it.


loop = None


def run_async(coroutine):
    import asyncio
    global loop
    if loop is None or loop.is_closed():
        loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    task = loop.create_task(coroutine)
    try:
        return loop.run_until_complete(task)
    except KeyboardInterrupt:
        task.cancel()
        try:
            loop.run_until_complete(asyncio.wait([task], timeout=1))
        except BaseException:
            pass  # What it does at its end is no business of the interrupted cell.
        raise


def run_code(code):
    if code.co_flags & CO_COROUTINE:
        return run_async(eval(code, user.__dict__))
    return eval(code, user.__dict__)


def run_cell(source, name):
    tree = compile(source, name, "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, True)
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr) and not source.rstrip().endswith(";"):
        last = ast.Expression(tree.body.pop().value)
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    # Both are compiled before anything runs.
    body = compile(tree, name, "exec", flags, True) if tree.body else None
    value = compile(last, name, "eval", flags, True) if last is not None else None
    if body is not None:
        run_code(body)
    if value is None:
        return
    shown = run_code(value)
    if shown is not None:
        user.__dict__["_"] = shown
        publish(bundle(shown))


def describe(error, name):
    trace = error.__traceback__
    if isinstance(error, SyntaxError) and error.filename == name:
        lines = traceback.format_exception_only(type(error), error)
    else:
        # What stands above the cell is the kernel's, and asyncio's.
        while trace is not None and not trace.tb_frame.f_code.co_filename.startswith("<cell "):
            trace = trace.tb_next
        lines = traceback.format_exception(type(error), error, trace)
        lines = [line for line in lines if not line.startswith(f'  File "{kernel_file}"')]
    try:
        value = str(error)
    except Exception:
        value = "<str() failed>"
    return {
        "name": type(error).__name__,
        "value": shorten(value, 64 * 1024),
        "traceback": shorten("".join(lines).rstrip("\n"), 64 * 1024),
    }


def set_environment(changes):
    before = {name: os.environ.get(name) for name in changes}
    for name, value in changes.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    return before


cells = []


def remember(name, source):
    """Makes the lines of a cell known to tracebacks."""
    linecache.cache[name] = (len(source), None, source.splitlines(True), name)
    cells.append(name)
    if len(cells) > KEPT_CELLS:
        linecache.cache.pop(cells.pop(0), None)


def perform(request):
    name = f"<cell {request['count']}>"
    source = request["code"]
    signal.signal(signal.SIGINT, on_interrupt)
    remember(name, source)
    before = set_environment(request.get("env") or {})
    Cell.id = request["id"]
    end = {"type": "end", "id": request["id"]}
    try:
        try:
            Cell.interruptible = True
            try:
                run_cell(source, name)
                show_figures()
            finally:
                Cell.interruptible = False
        except SystemExit as error:
            if error.code not in (None, 0):
                end["error"] = describe(error, name)
        except BaseException as error:
            if pyplot() is not None and hasattr(pyplot(), "close"):
                pyplot().close("all")
            if isinstance(error, KeyboardInterrupt):
                end["interrupted"] = True
            end["error"] = describe(error, name)
            user.__dict__.setdefault("__builtins__", builtins)
    except KeyboardInterrupt as error:
        end["interrupted"] = True
        end["error"] = describe(error, name)
    except BaseException as error:
        end["error"] = {"name": type(error).__name__, "value": "", "traceback": ""}
    if os.getpid() != PID:
        os._exit(0)  # A fork of the cell has come to the cell's end.
    set_environment(before)
    flush()
    send(ERR, {"type": "end", "id": request["id"]})
    send(OUT, end)


user.__dict__["display"] = display
sys.meta_path.insert(0, PyplotFinder)
signal.signal(signal.SIGINT, on_interrupt)
send(ERR, {"type": "ready"})
send(OUT, {"type": "ready"})
for line in requests:
    request = json.loads(line)
    if request.get("type") == "cell":
        perform(request)
flush()
os._exit(0)
