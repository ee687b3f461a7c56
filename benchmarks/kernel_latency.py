"""Does a kernel answer other cells while an import runs in it?

    python benchmarks/kernel_latency.py --music FOLDER [--browse]

Starts a real kernel, lets it import FOLDER into a fresh store with the panel shown, and times
small cells, sent one after the other, until the import has ended. Beside it: a cell before the
import began. With --browse a browser is shown, too, and before each round its page asks for rows
in another order, for points and for a clip, as somebody would who never rests.
"""

import argparse
import itertools
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import start_new_kernel

START = """
import wkmp_lab as wl
session = wl.start_import({music!r}, store={store!r}, ui="widgets")
"""
BROWSE = """
browser = session.browse()
display(browser)
"""
ORDERS = itertools.cycle(["title", "loudness_lufs", "path", "tempo_bpm"])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--music", type=Path, default=Path("data/sample"))
    parser.add_argument("--browse", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="wkmp-bench-") as folder:
        manager, client = start_new_kernel(env={**os.environ, "XDG_DATA_HOME": folder})
        try:
            ask(client, "import wkmp_lab.notebook.progress.display")
            idle_s = [ask(client, "1 + 1")[0] for _ in range(50)]
            music, store = str(options.music.resolve()), f"{folder}/bench.wkmp.db"
            started_s, _ = ask(client, START.format(music=music, store=store))
            busy_s, tables_s, is_ended = [], [], False
            page = open_page(client) if options.browse else None
            while not is_ended:
                if page is not None:
                    ask_page(client, page)
                took_s, is_ended = ask(client, "session.is_ended")
                busy_s.append(took_s)
                tables_s.append(ask(client, "len(session.passages)")[0])
                time.sleep(0.02)
            ask(client, "session.wait()")
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)
    print(f"start_import returned after {started_s:.2f} s; {len(busy_s)} rounds until its end")
    print(f"{'cell':>24} {'median ms':>10} {'95 % ms':>9} {'worst ms':>9}")
    for label, times_s in (
        ("1 + 1, before", idle_s),
        ("session.is_ended", busy_s),
        ("len(session.passages)", tables_s),
    ):
        middle, high = np.percentile(times_s, [50, 95])
        print(f"{label:>24} {1e3 * middle:10.0f} {1e3 * high:9.0f} {1e3 * max(times_s):9.0f}")


def open_page(client: BlockingKernelClient) -> str:
    """Show a browser; its line to the kernel."""
    ask(client, BROWSE)
    sent = client.execute("", user_expressions={"id": "browser._page.comm.comm_id"})
    while True:
        reply = client.get_shell_msg(timeout=60)
        if reply["parent_header"]["msg_id"] == sent:
            return reply["content"]["user_expressions"]["id"]["data"]["text/plain"].strip("'")


def ask_page(client: BlockingKernelClient, page: str) -> None:
    """Ask for rows, points and a clip, as a page does."""
    query = {"sort": next(ORDERS), "is_descending": True}
    for asked in (
        {"do": "look"},
        {"do": "rows", "query": query, "first": 0, "n": 60},
        {"do": "points", "query": query, "x": "tempo_bpm", "y": "loudness_lufs"},
        {"do": "map", "query": query, "x": "map", "y": "map"},
        {"do": "play", "row": 0},
    ):
        values = {"method": "custom", "content": {"me": "bench", "token": 1, **asked}}
        content = {"comm_id": page, "data": values}
        client.shell_channel.send(client.session.msg("comm_msg", content))


def ask(client: object, code: str) -> tuple[float, bool]:
    """Seconds until a cell has ended, and whether its value was True."""
    said: list[str] = []

    def listen(message: dict) -> None:
        content = message["content"]
        if message["msg_type"] == "execute_result":
            said.append(content["data"]["text/plain"])

    start_s = time.perf_counter()
    reply = client.execute_interactive(code, output_hook=listen, timeout=600)
    took_s = time.perf_counter() - start_s
    if reply["content"]["status"] != "ok":
        raise RuntimeError(f"the kernel answered {code!r} with {reply['content']}")
    return took_s, said == ["True"]


if __name__ == "__main__":
    main()
